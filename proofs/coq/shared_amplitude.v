(* L2: neurons that share coefficients share one amplitude. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes.
From Expressivity Require Import gates networks domains amplitude target_amplitude.
Import ListNotations.
Open Scope R_scope.

(* A(H, g), H = {n.x = h}: the sum of out abs(w.n) over the neurons of group g with kink set
   H. If n is a unit vector, w = s n on H, and abs(w.n) = abs(s). *)
Definition group_amplitude (N : list weights) (n : vec) (h : R) (g : nat) : R :=
  sum (fun nu => if (group nu =? g)%nat then out nu * across n h (map_of nu 0) else 0) N.

(* kappa_g(x) = sum_k kink_k c_k(x), for the coefficients of group g. *)
Definition kappa (ks : list R) (c : coefficients) (g : nat) (x : vec) : R :=
  mix (fun k => c g 0%nat k x) ks.

(* sum_g A(H, g) kappa_g(x) over G groups. *)
Definition shared_jump (G : nat) ks c N n h (x : vec) : R :=
  sum (fun g => group_amplitude N n h g * kappa ks c g x) (seq 0 G).

Lemma type1_amplitude A ks c N f n h x :
  neuron A = type1 -> represents A c N f ->
  amplitude_on A ks c N n h x = shared_jump (groups A) ks c N n h x.
Proof.
  intros F [_ [HN _]]. unfold amplitude_on, amplitude, shared_jump. rewrite F.
  unfold group_amplitude. induction HN as [|nu N [HG _] _ IH]; simpl.
  - rewrite <- (sum_0 (seq 0 (groups A))) at 1. apply sum_ext. intros; ring.
  - rewrite IH. unfold neuron_amplitude. simpl. rewrite mix_scaled.
    change (mix _ ks) with (kappa ks c (group nu) x).
    rewrite <- (sum_one (fun g => out nu * (across n h (map_of nu 0) * kappa ks c g x)) _ _ HG).
    rewrite <- sum_plus. apply sum_ext. intros g _. destruct (group nu =? g)%nat; ring.
Qed.

(* ---- without a hypothesis ---- *)
(* L2 fails for a coefficient that is not differentiable: over tanh alone, which has no kink,
   max(x2, 0) tanh(x1) jumps by tanh(x1) across x2 = 0. *)
Theorem L2_kinked_gate : exists c N,
  Forall2 kinked [tanh] [0] /\
  Forall (weights_ok {| kind := smooth_gates; neuron := type1; dictionary := [tanh];
    groups := 1; bias := false; dimension := 2; width := 1 |}) N /\
  ~ jumps_by (network type1 [tanh] c N) [0; 1] 0 (shared_jump 1 [0] c N [0; 1] 0).
Proof.
  set (c := fun (_ _ _ : nat) x => relu (x2 x) : R).
  set (N := [{| group := 0; out := 1; maps := [([1; 0], 0)] |}]).
  exists c, N. split; [|split]. constructor; auto. apply kinked_tanh. repeat constructor.
  intros H. assert (E : 0 = tanh 1).
  { assert (Z : forall x, shared_jump 1 [0] c N [0; 1] 0 x = 0).
    { intros x. unfold shared_jump, kappa. simpl. ring. }
    rewrite <- (Z [1; 0]). set (f := network type1 [tanh] c N) in *.
    apply (jumps_equal everywhere f f [0; 1] 0 _ (fun x => tanh (x1 x)) [1; 0]); auto;
      try apply on_axis; try apply around_everywhere.
    - simpl. lra.
    - easy.
    - intros t _ _. apply (lim0_ext (fun _ => 0)). intros; now rewrite Z.
      rewrite Z. apply lim0_const.
    - exists []. split; auto. intros x Hx _. destruct (on_axis_inv x Hx) as [a ->].
      apply (jump_ext (fun u => tanh a * relu u)).
      + intros u. unfold f, network, neuron_value, N, c, move, x2. cbn. rewrite affine_at_2.
        replace (1 * (a + u * 0) + 0 * (0 + u * 1) + 0) with a by ring.
        replace (0 + u * 1) with u by ring. ring.
      + apply (jump_eq _ (tanh a * 1)). apply jump_scal, jump_relu. unfold x1. simpl. ring.
    - intros t Ht _. destruct (vec_2 t Ht) as [a [b ->]].
      apply (lim0_ext (fun u => tanh (a * u + 1))).
      intros; unfold x1, move; simpl; f_equal; ring. apply (kinked_lim tanh 0), kinked_tanh. }
  pose proof (tanh_pos 1 ltac:(lra)). lra.
Qed.

(* ---- the theorem ---- *)
(* L2. Across a hyperplane H = {n.x = h} the normal derivative of a type1 network with G
   groups of coefficients that are differentiable along lines (constants, all gates of the
   program, or any others) jumps by sum_g A(H, g) kappa_g, with the same functions kappa_g for
   every H, off finitely many sets of lower dimension. So the jumps at points p of hyperplanes
   H make a matrix that is the product of one with G columns, A(H, g), and one with G rows,
   kappa_g(p): of rank at most G. Any width, dimension and hidden biases. *)
Theorem L2 A ks c N f n h :
  neuron A = type1 -> Forall2 kinked (dictionary A) ks -> represents A c N f ->
  length n = dimension A -> 0 < dot n n ->
  jumps_by f n h (shared_jump (groups A) ks c N n h).
Proof.
  intros F HD Hf Hd Hn. destruct (network_jumps_by A ks c N f n h HD Hf Hd Hn) as [E [HE H]].
  exists E. split; auto. intros x Hx S. apply (jump_eq _ _ _ (H x Hx S)).
  now apply (type1_amplitude A ks c N f).
Qed.

(* The same for a target f on a domain P. Where it differs from such a network by an
   M-Lipschitz function, its jump is at most 2 M abs(n) from sum_g A(H, g) kappa_g, .. *)
Corollary L2_near P M A ks c N g f n h J x :
  neuron A = type1 -> Forall2 kinked (dictionary A) ks -> represents A c N g ->
  length n = dimension A -> 0 < dot n n -> on n h x -> around P x ->
  lipschitz_on (dimension A) P M (fun y => f y - g y) ->
  jumps_by f n h J -> continuous_along n J x ->
  Rabs (J x - shared_jump (groups A) ks c N n h x) <= 2 * (M * norm n).
Proof.
  intros. rewrite <- (type1_amplitude A ks c N g) by auto.
  now apply (amplitude_near P M A ks c N g f).
Qed.

(* .. and where it is equal to one, it is that sum, also at points where other neurons kink. *)
Corollary L2_target P A ks c N g f n h J x :
  neuron A = type1 -> Forall2 kinked (dictionary A) ks -> represents A c N g ->
  length n = dimension A -> 0 < dot n n -> on n h x -> around P x ->
  equal_on (dimension A) P f g -> jumps_by f n h J -> continuous_along n J x ->
  J x = shared_jump (groups A) ks c N n h x.
Proof.
  intros. rewrite <- (type1_amplitude A ks c N g) by auto.
  now apply (target_amplitude P A ks c N g f).
Qed.
