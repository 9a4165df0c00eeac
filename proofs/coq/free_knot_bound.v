(* B3, sup: t1 is a parabola on [0, 1], a network of width m over piecewise affine activations is
   not. Python's B3 has a bound in L2 as well, which is not proved here. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits activations vectors gates networks.
From Expressivity Require Import lines smoothness_classes free_knots t1.
Import ListNotations.
Open Scope R_scope.

(* f misses t1 on [0, 1] by at most M in sup. *)
Definition sup_error_at_most (M : R) (f : vec -> R) : Prop :=
  forall u, 0 <= u <= 1 -> Rabs (t1 [u] - f [u]) <= M.

(* 4 sup abs(e) >= abs(e(x) - 2 e((x + y)/2) + e(y)) = (y - x)^2/2 for e = t1 minus an affine
   function: so intervals on which f is affine have length at most sqrt(8 M). *)
Lemma affine_length M f a b p q : sup_error_at_most M f -> 0 <= a -> b <= 1 ->
  (forall u, a < u < b -> f [u] = p * u + q) -> b - a <= sqrt (8 * M).
Proof.
  intros HM Ha Hb E. apply length_bound. apply sqrt_pos. intros x y Hx Hy.
  assert (S : forall u, a < u < b -> Rabs (u + u * u - (p * u + q)) <= M).
  { intros u Hu. rewrite <- E, <- joined_pos by lra. apply HM. lra. }
  pose proof (S x ltac:(lra)) as Bx. pose proof (S y ltac:(lra)) as By.
  pose proof (S ((x + y) / 2) ltac:(lra)) as Bz.
  apply Rabs_le_between in Bx, By, Bz. rewrite <- (sqrt_Rsqr (y - x)) by lra.
  apply sqrt_le_1_alt. unfold Rsqr. nra.
Qed.

(* ---- without a hypothesis ---- *)
(* ReLU^2 in the class: ReLU^2(x + 1/2) - ReLU^2(1/2) = x + x^2 on [0, 1], width 2, error 0. *)
Theorem B3_sup_relu2 : exists f,
  member {| kind := fixed; neuron := type1; dictionary := [relu2]; groups := 1; bias := true;
    dimension := 1; width := 2 |} f /\ sup_error_at_most 0 f.
Proof.
  set (N := [{| group := 0; out := 1; maps := [([1], 1 / 2)] |};
    {| group := 0; out := -1; maps := [([0], 1 / 2)] |}]).
  exists (network type1 [relu2] (one_hot 0) N). split.
  - apply (fixed_member [relu2] type1 0 true N); auto. now left. repeat constructor; easy.
  - intros u Hu. rewrite fixed_type1. unfold N, line, slope_of, bias_of, map_of, activation, t1, x1.
    simpl. rewrite joined_pos, !relu2_eq, !relu_pos by lra.
    match goal with |- Rabs ?e <= _ => replace e with 0 by field end. rewrite Rabs_R0. lra.
Qed.

(* An activation with two kinks, of slopes 4/3, 2, 8/3: one neuron has three pieces, and undercuts
   the bound 1/32 for width 1. *)
Definition stairs (z : R) : R :=
  4 / 3 * z + 2 / 3 * (relu (z - 1 / 3) + relu (z - 2 / 3)) - 1 / 60.

Theorem B3_sup_two_kinks b : exists f,
  member {| kind := fixed; neuron := type1; dictionary := [stairs]; groups := 1; bias := b;
    dimension := 1; width := 1 |} f /\ sup_error_at_most (1 / 60) f.
Proof.
  set (N := [neuron_e1 1 []]). exists (network type1 [stairs] (one_hot 0) N). split.
  - apply (fixed_member [stairs] type1 0 b N); auto. now left. repeat constructor.
  - intros u Hu. rewrite fixed_type1. unfold N. cbn [sum fold_right]. rewrite line_e1.
    unfold activation, t1, x1. simpl. rewrite joined_pos by lra. unfold stairs.
    apply Rabs_le_between. destruct (Rle_lt_dec u (1 / 3)); [|destruct (Rle_lt_dec u (2 / 3))].
    + rewrite !relu_neg by lra. pose proof (Rle_0_sqr (u - 1 / 6)). unfold Rsqr in *. nra.
    + rewrite relu_pos, relu_neg by lra. pose proof (Rle_0_sqr (u - 1 / 2)). unfold Rsqr in *. nra.
    + rewrite !relu_pos by lra. pose proof (Rle_0_sqr (u - 5 / 6)). unfold Rsqr in *. nra.
Qed.

(* ---- the theorem ---- *)
(* B3, sup. Every network of width m, fixed or LA type1 over activations that are affine on either
   side of 0 (id, relu, leaky_relu), misses t1 on a domain that contains [0, 1] by at least
   1/(8 (m+1)^2) in sup; hidden biases on or off, also an output bias c. *)
Theorem B3_sup A M g c :
  dimension A = 1%nat -> neuron A = type1 -> kind A = la \/ kind A = fixed ->
  Forall two_pieces (dictionary A) -> member A g ->
  sup_error_at_most M (fun x => g x + c) -> 1 / (8 * (INR (width A) + 1) ^ 2) <= M.
Proof.
  intros Hd HF HK HD [co [N [Hc [_ [HN Hg]]]]] HM.
  destruct (constant_kind A co HK Hc) as [alpha ->].
  assert (E : forall u, g [u] = network type1 (dictionary A) (constants alpha) N [u]).
  { intros u. rewrite <- HF. apply Hg. now rewrite Hd. }
  assert (P : 1 - 0 <= (INR (length (knots N)) + 1) * sqrt (8 * M)).
  { apply (pigeonhole (fun a b => b - a) (sqrt (8 * M)) 0 1); try lra. apply sqrt_pos.
    intros; lra. intros a b Ha Hb F.
    destruct (affine_between (dictionary A) alpha N a b HD F) as [p [q H]].
    apply (affine_length M (fun x => g x + c) a b p (q + c)); auto. lra.
    intros u Hu. rewrite E, H by auto. ring. }
  unfold knots in P. rewrite map_length, HN in P. pose proof (pos_INR (width A)) as Hm.
  set (m := INR (width A)) in *.
  assert (M0 : 0 <= 8 * M).
  { specialize (HM 0 ltac:(lra)). eapply Rle_trans in HM; [|apply Rabs_pos]. lra. }
  pose proof (sqrt_pos (8 * M)). pose proof (sqrt_sqrt (8 * M) M0) as Q.
  apply (Rmult_le_reg_r (8 * (m + 1) ^ 2)). nra.
  replace (1 / (8 * (m + 1) ^ 2) * (8 * (m + 1) ^ 2)) with 1 by (field; lra).
  assert (1 * 1 <= (m + 1) * sqrt (8 * M) * ((m + 1) * sqrt (8 * M))).
  { apply Rmult_le_compat; lra. }
  replace ((m + 1) * sqrt (8 * M) * ((m + 1) * sqrt (8 * M))) with
    ((m + 1) ^ 2 * (sqrt (8 * M) * sqrt (8 * M))) in H0 by ring. rewrite Q in H0. lra.
Qed.
