(* T3 and T3b: LA is not contained in fixed, one_sided. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import domains amplitude lines smoothness_classes t1 formulas.
Import ListNotations.
Open Scope R_scope.

Definition t3 (x : vec) : R := joined (x1 x) * x1 x.
Definition t3b (x : vec) : R := joined (x1 x) * (x1 x + 1).
#[export] Hint Unfold t3 t3b : formulas.

(* The biases c of the second factors v x + c are off. *)
Definition second_biases_off (N : list weights) : Prop := Forall (fun nu => bias_of nu 1 = 0) N.

(* ---- division by x ---- *)
(* a s(w x + b) v x is x times the type1 neuron (a v) s(w x + b), whatever s is. *)
Definition quotient (nu : weights) : weights :=
  {| group := group nu; out := out nu * slope_of nu 1; maps := [map_of nu 0] |}.

Lemma times_x D i N u : second_biases_off N ->
  network one_sided D (one_hot i) N [u] = u * network type1 D (one_hot i) (map quotient N) [u].
Proof.
  intros H. rewrite fixed_one_sided, fixed_type1.
  induction H as [|nu N C _ IH]; simpl. ring. rewrite IH.
  change (line (quotient nu) 0 u) with (line nu 0 u). unfold line at 2. rewrite C. ring.
Qed.

Lemma quotient_ok b m N :
  Forall (weights_ok (over_seven fixed one_sided b 1 m)) N ->
  Forall (weights_ok (over_seven fixed type1 b 1 m)) (map quotient N).
Proof.
  intros H. apply Forall_map. revert H. apply Forall_impl. intros nu [G [L M]].
  split; [|split]; auto. constructor; auto.
  rewrite Forall_forall in M. apply M, nth_In. rewrite L. simpl. lia.
Qed.

(* A network, and t1, are continuous at 0. *)
Lemma jump_lim g J : jump g J -> lim0 g (g 0).
Proof.
  intros [r [l [H _]]]. apply (lim0_ext (fun h => g (1 * h))).
  intros; now rewrite Rmult_1_l. now apply (slope_lim g 1 r).
Qed.

Lemma network_lim F D ks i N : Forall2 kinked D ks ->
  lim0 (fun u => network F D (one_hot i) N [u]) (network F D (one_hot i) N [0]).
Proof.
  intros HD. apply (jump_lim (fun u => network F D (one_hot i) N [u])
    (amplitude F D ks (one_hot i) (crossing [1] [0]) N [0])).
  apply (jump_ext (fun u => network F D (one_hot i) N (move [0] [1] u))).
  { intros u. unfold move. simpl. do 2 f_equal. ring. }
  apply (jump_network D ks HD [0] [1] eq_refl F 1); auto.
  intros g side k x t _ _ _. unfold one_hot. apply ex_derive_const.
Qed.

(* ---- without a hypothesis ---- *)
(* With biases c, t3 is the fixed network ReLU^2(x) (x + 1). *)
Theorem T3_with_biases : member (over_seven fixed one_sided true 1 1) t3.
Proof.
  apply (fixed_member seven one_sided 2 true [neuron_e1 1 [([1], 1)]]). now right.
  simpl; lia. repeat constructor; easy.
  intros u. rewrite fixed_one_sided. cbn [sum fold_right]. rewrite line_e1.
  unfold t3, x1, activation, line, slope_of, bias_of, map_of, joined. simpl.
  rewrite relu2_eq. destruct (Rle_dec 0 u); [rewrite relu_pos | rewrite relu_neg]; lra.
Qed.

(* t3 and t3b without the square are the fixed networks ReLU(x) x and ReLU(x) (x + 1). *)
Theorem T3_without_square b :
  member (over_seven fixed one_sided b 1 1) (fun x => relu (x1 x) * x1 x).
Proof.
  apply (fixed_member seven one_sided 1 b [neuron_e1 1 [([1], 0)]]). now right.
  simpl; lia. repeat constructor.
  intros u. rewrite fixed_one_sided. cbn [sum fold_right]. rewrite line_e1.
  unfold x1, activation, line, slope_of, bias_of, map_of. simpl. ring.
Qed.

Theorem T3b_without_square :
  member (over_seven fixed one_sided true 1 1) (fun x => relu (x1 x) * (x1 x + 1)).
Proof.
  apply (fixed_member seven one_sided 1 true [neuron_e1 1 [([1], 1)]]). now right.
  simpl; lia. repeat constructor; easy.
  intros u. rewrite fixed_one_sided. cbn [sum fold_right]. rewrite line_e1.
  unfold x1, activation, line, slope_of, bias_of, map_of. simpl. ring.
Qed.

(* A dictionary that contains ReLU + ReLU^2 as one activation: t3 and t3b are this activation
   times x, and times x + 1. *)
Definition over_joined D b := {| kind := fixed; neuron := one_sided; dictionary := joined :: D;
  groups := 1; bias := b; dimension := 1; width := 1 |}.

Theorem T3_joined D b : member (over_joined D b) t3.
Proof.
  apply (fixed_member (joined :: D) one_sided 0 b [neuron_e1 1 [([1], 0)]]). now right.
  simpl; lia. repeat constructor.
  intros u. rewrite fixed_one_sided. cbn [sum fold_right]. rewrite line_e1.
  unfold t3, x1, activation, line, slope_of, bias_of, map_of. simpl. ring.
Qed.

Theorem T3b_joined D : member (over_joined D true) t3b.
Proof.
  apply (fixed_member (joined :: D) one_sided 0 true [neuron_e1 1 [([1], 1)]]). now right.
  simpl; lia. repeat constructor; easy.
  intros u. rewrite fixed_one_sided. cbn [sum fold_right]. rewrite line_e1.
  unfold t3b, x1, activation, line, slope_of, bias_of, map_of. simpl. ring.
Qed.

(* ---- the theorems ---- *)
(* T3. t3(x) = (ReLU(x) + ReLU^2(x)) x is a one_sided LA network of width 1 and, over the seven
   activations and without biases c, on the unit ball no one_sided fixed network of any finite
   width: d = 1, hidden biases b on or off, biases c of the second factor off. *)
Theorem T3 :
  (forall b, member (over_seven la one_sided b 1 1) t3) /\
  (forall b m c N g, represents (over_seven fixed one_sided b 1 m) c N g ->
    second_biases_off N -> ~ equal_on 1 unit_ball t3 g).
Proof.
  split.
  - intros b. apply (la_member one_sided b [([1], 0)]); auto. now right.
    repeat constructor. intros u. unfold t3, x1, line, slope_of, bias_of, map_of. simpl. ring.
  - intros b m c N g [[i [Hi ->]] [HN [HL Hg]]] Off E.
    set (q := fun x => network type1 seven (one_hot i) (map quotient N) x).
    assert (Q : forall u, u <> 0 -> -1 < u < 1 -> t1 [u] = q [u]).
    { intros u U B. apply (Rmult_eq_reg_l u); auto. unfold q. rewrite <- times_x by auto.
      rewrite <- Hg by auto. rewrite <- E by (auto; unfold unit_ball; simpl; nra).
      unfold t1, t3, x1. simpl. ring. }
    apply (proj2 T1 b m q).
    + exists (one_hot i), (map quotient N). split; [|split; [|split]]; auto.
      * now exists i.
      * now apply quotient_ok.
      * now rewrite map_length.
    + intros x Hx B. destruct (vec_1 x Hx) as [u ->]. unfold unit_ball in B. simpl in B.
      destruct (Req_dec u 0) as [->|U]. 2: { apply Q; auto. split; nra. }
      apply (lim0_unique (fun u => t1 [u])). apply (jump_lim (fun u => t1 [u]) 1), jump_joined.
      apply (lim0_ext_small (fun u => q [u])). 2: apply (network_lim type1 seven seven_kinks i).
      2: apply seven_kinked.
      exists 1. split. lra. intros u U. symmetry. apply Q; lra.
Qed.

(* T3b. t3b(x) = (ReLU(x) + ReLU^2(x)) (x + 1) is a one_sided LA network of width 1 and, over the
   seven activations, on the unit ball no one_sided fixed network of any finite width: d = 1,
   hidden biases b and biases c of the second factor on or off. *)
Theorem T3b :
  member (over_seven la one_sided true 1 1) t3b /\
  (forall b m, outside unit_ball (over_seven fixed one_sided b 1 m) t3b).
Proof.
  split.
  - apply (la_member one_sided true [([1], 1)]); auto. now right.
    repeat constructor; easy. intros u. unfold t3b, x1, line, slope_of, bias_of, map_of. simpl.
    ring.
  - apply (fixed_obstruction one_sided t3b 1). now right.
    + apply (jump_eq _ (joined 0 * 0 + 1 * (0 + 1))); [|ring].
      apply (jump_mult joined (fun u => u + 1)). apply jump_joined.
      apply jump_of_derive. auto_derive. auto.
    + lra.
    + apply (not_piece 3 [0; 1; 2; 1]); simpl; auto. intros h Hh.
      unfold t3b, x1. simpl. rewrite joined_pos by lra. ring.
Qed.
