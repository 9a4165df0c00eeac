(* L1, the jump lemma: gradients of LA networks jump by constants. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes.
From Expressivity Require Import gates networks domains amplitude target_amplitude shared_amplitude.
Import ListNotations.
Open Scope R_scope.

(* An LA network, with any number of groups, jumps by a constant: two points of the domain are
   enough to exclude a target. *)
Theorem two_point_obstruction P A ks f n h J x y :
  kind A = la -> neuron A = type1 -> Forall2 kinked (dictionary A) ks ->
  length n = dimension A -> 0 < dot n n -> jumps_by f n h J ->
  on n h x -> around P x -> continuous_along n J x ->
  on n h y -> around P y -> continuous_along n J y -> J x <> J y -> outside P A f.
Proof.
  intros K F HD Hd Hn HJ Hx Px Cx Hy Py Cy Ne g [c [N Hg]] E. apply Ne.
  rewrite (L2_target P A ks c N g f n h J x), (L2_target P A ks c N g f n h J y) by auto.
  destruct Hg as [Hc _]. rewrite K in Hc. destruct Hc as [alpha ->]. reflexivity.
Qed.

(* ---- without a hypothesis ---- *)
(* Two ways for the amplitude of one neuron with w = e2 not to be constant along x2 = 0. *)
Definition neuron_e2 (rest : list affine) : weights :=
  {| group := 0; out := 1; maps := ([0; 1], 0) :: rest |}.

Lemma across_e2 rest : across [0; 1] 0 (map_of (neuron_e2 rest) 0) = 1.
Proof.
  unfold across. destruct (vanishes_on_dec _ _ _) as [_|V].
  - simpl. replace (0 * 0 + (1 * 1 + 0)) with 1 by ring. apply Rabs_R1.
  - exfalso. apply V. split; simpl. f_equal; [|f_equal]; field. field.
Qed.

Lemma not_constant A ks c N f :
  Forall2 kinked (dictionary A) ks -> represents A c N f -> dimension A = 2%nat ->
  amplitude_on A ks c N [0; 1] 0 [0; 0] <> amplitude_on A ks c N [0; 1] 0 [1; 0] ->
  ~ exists C, jumps_by f [0; 1] 0 (fun _ => C).
Proof.
  intros HD Hf Hd Ne [C H]. apply Ne.
  assert (E : forall u, amplitude_on A ks c N [0; 1] 0 [u; 0] = C).
  { intros u. symmetry. apply (target_amplitude everywhere A ks c N f f [0; 1] 0 (fun _ => C));
      auto. simpl. lra. apply on_axis. apply around_everywhere. easy.
    intros t _ _. apply lim0_const. }
  now rewrite !E.
Qed.

(* L1 fails for coefficients that are gates: tanh(x1) ReLU(x2) jumps by 0 at x1 = 0 and by
   tanh(1) > 0 at x1 = 1. *)
Theorem L1_with_gates : exists A ks c N f,
  neuron A = type1 /\ groups A = 1%nat /\ kind A = moa Tanh false false /\
  dimension A = 2%nat /\ Forall2 kinked (dictionary A) ks /\ represents A c N f /\
  ~ exists C, jumps_by f [0; 1] 0 (fun _ => C).
Proof.
  set (A := {| kind := moa Tanh false false; neuron := type1; dictionary := [relu];
    groups := 1; bias := false; dimension := 2; width := 1 |}).
  set (c := gated Tanh 1 (fun _ _ _ => {| scale := 1; logit := ([1; 0], 0) |})).
  assert (R : represents A c [neuron_e2 []] (network type1 [relu] c [neuron_e2 []])).
  { split; [|split; [|split]]; auto.
    - exists (fun _ _ _ => {| scale := 1; logit := ([1; 0], 0) |}). repeat split; auto.
    - repeat constructor. }
  assert (HD : Forall2 kinked [relu] [1]) by (repeat constructor; apply kinked_relu).
  exists A, [1], c, [neuron_e2 []], (network type1 [relu] c [neuron_e2 []]).
  split; [|split; [|split; [|split; [|split; [|split]]]]]; auto.
  apply (not_constant A [1] c [neuron_e2 []]); auto.
  unfold amplitude_on, amplitude, neuron_amplitude. cbn [sum fold_right neuron A change].
  rewrite across_e2. unfold c, gated, affine_at. cbn.
  replace (1 * 0 + (0 * 0 + 0) + 0) with 0 by ring.
  replace (1 * 1 + (0 * 0 + 0) + 0) with 1 by ring. rewrite tanh_0.
  pose proof (tanh_pos 1 ltac:(lra)). lra.
Qed.

(* L1 fails with a second factor v.x + c (one_sided): x1 ReLU(x2) jumps by x1. *)
Theorem L1_one_sided : exists A ks c N f,
  neuron A = one_sided /\ groups A = 1%nat /\ kind A = la /\
  dimension A = 2%nat /\ Forall2 kinked (dictionary A) ks /\ represents A c N f /\
  ~ exists C, jumps_by f [0; 1] 0 (fun _ => C).
Proof.
  set (A := {| kind := la; neuron := one_sided; dictionary := [relu];
    groups := 1; bias := false; dimension := 2; width := 1 |}).
  set (c := constants (fun _ _ _ => 1)). set (N := [neuron_e2 [([1; 0], 0)]]).
  assert (R : represents A c N (network one_sided [relu] c N)).
  { split; [|split; [|split]]; auto. now exists (fun _ _ _ => 1). repeat constructor. }
  assert (HD : Forall2 kinked [relu] [1]) by (repeat constructor; apply kinked_relu).
  exists A, [1], c, N, (network one_sided [relu] c N).
  split; [|split; [|split; [|split; [|split; [|split]]]]]; auto.
  apply (not_constant A [1] c N); auto.
  unfold amplitude_on, amplitude, neuron_amplitude, N.
  cbn [sum fold_right neuron A change]. rewrite across_e2. unfold c, constants, affine_at. cbn.
  lra.
Qed.

(* ---- the theorem ---- *)
(* L1. Across a hyperplane H = {n.x = h} the normal derivative of a type1 LA network of any
   width jumps by sum_j a_j kappa abs(s_j), over the neurons whose kink set is H, at all points
   of H off finitely many sets of lower dimension; kappa = sum_k alpha_k kink_k. L1 is L2 with
   constant coefficients, one group. *)
Theorem L1 A ks alpha N f n h :
  neuron A = type1 -> groups A = 1%nat -> Forall2 kinked (dictionary A) ks ->
  represents A (constants alpha) N f -> length n = dimension A -> 0 < dot n n ->
  jumps_by f n h (fun _ => mix (alpha 0%nat 0%nat) ks *
    sum (fun nu => out nu * across n h (map_of nu 0)) N).
Proof.
  intros F G HD Hf Hd Hn. destruct (L2 A ks _ N f n h F HD Hf Hd Hn) as [E [HE H]].
  exists E. split; auto. intros x Hx S. apply (jump_eq _ _ _ (H x Hx S)).
  unfold shared_jump, kappa, constants. rewrite G. simpl.
  replace (group_amplitude N n h 0) with (sum (fun nu => out nu * across n h (map_of nu 0)) N).
  change (fun k => alpha 0%nat 0%nat k) with (alpha 0%nat 0%nat). ring.
  destruct Hf as [_ [HN _]]. apply sum_ext. intros nu I. rewrite Forall_forall in HN.
  destruct (HN nu I) as [HG _]. rewrite G in HG. now replace (group nu) with 0%nat by lia.
Qed.
