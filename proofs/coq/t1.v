(* T1: LA is not contained in fixed, type1 (arXiv:2605.26647, Theorem 4.1; the proof is ours).

   Networks over id, ReLU and LeakyReLU are piecewise affine; those over the other four have a
   derivative that does not jump. t1 is neither. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import amplitude piecewise_affine.
Import ListNotations.
Open Scope R_scope.

Definition t1 (x : vec) : R := relu (x1 x) + relu2 (x1 x).

(* ---- the three classes of functions ---- *)
(* t1 jumps by 1 at 0. *)
Lemma t1_jump : jump (fun u => t1 (move [0] [1] u)) 1.
Proof.
  apply (jump_ext (fun u => relu u + relu2 u)).
  - intros u. unfold t1, x1, move. simpl. now replace (0 + u * 1) with u by ring.
  - apply (jump_eq _ (1 + 0)); [|ring]. apply jump_plus. apply jump_relu. apply kinked_relu2.
Qed.

(* On no interval to the right of 0 is it affine. *)
Lemma t1_not_affine b p q : 0 < b -> ~ forall h, 0 <= h <= b -> t1 [h] = p * h + q.
Proof.
  intros Hb H. assert (E : forall h, 0 <= h <= b -> h + h ^ 2 = p * h + q).
  { intros h Hh. rewrite <- H by auto. unfold t1, x1. simpl nth. rewrite relu2_eq, relu_pos by lra.
    ring. }
  pose proof (E 0 ltac:(lra)). pose proof (E (b / 2) ltac:(lra)). pose proof (E b ltac:(lra)).
  nra.
Qed.

(* A fixed network over an activation without a kink jumps nowhere. *)
Lemma fixed_jump D ks i N : Forall2 kinked D ks -> nth i ks 0 = 0 ->
  jump (fun u => network type1 D (one_hot i) N (move [0] [1] u)) 0.
Proof.
  intros HD K. eapply jump_eq.
  - apply (jump_network D ks HD [0] [1] eq_refl type1 1); auto.
    intros g side k x t _ _ _. unfold one_hot. apply ex_derive_const.
  - unfold amplitude, neuron_amplitude, one_hot. cbn [change].
    induction N as [|nu N IH]; simpl; auto. rewrite IH, mix_scaled, mix_one_hot, K. ring.
Qed.

(* A fixed network over an activation of affine pieces has affine pieces. *)
Lemma affine_off_fixed i b m N : affine_off [0] (nth i seven (fun _ => 0)) ->
  Forall (weights_ok (over_seven fixed type1 b 1 m)) N ->
  affine_off (map breakpoint N) (fun h => network type1 seven (one_hot i) N [h]).
Proof.
  intros H HN. set (s := nth i seven (fun _ => 0)) in *.
  apply (affine_off_ext _ (fun h => network type1 [s] (constants (fun _ _ _ => 1)) N [h])).
  - intros h. unfold network. apply sum_ext. intros nu _. f_equal.
    unfold neuron_value, one_hot, constants. cbn [combine_form values map mix].
    rewrite mix_one_hot_values. fold s. ring.
  - apply (affine_off_network {| kind := la; neuron := type1; dictionary := [s]; groups := 1;
      bias := b; dimension := 1; width := m |}); auto. constructor; auto.
Qed.

(* ---- without a hypothesis ---- *)
(* Networks of one neuron with w = 1, b = 0. *)
Definition neuron_1 : weights := {| group := 0; out := 1; maps := [([1], 0)] |}.

Lemma neuron_1_value D c (x : vec) : length x = 1%nat ->
  network type1 D c [neuron_1] x = mix (fun k => c 0%nat 0%nat k x) (values D (x1 x)).
Proof.
  intros Hx. destruct (vec_1 x Hx) as [y ->]. unfold network, neuron_value, x1.
  cbn [sum fold_right out neuron_1 map_of maps nth group combine_form]. rewrite affine_at_1.
  replace (1 * y + 0) with y by ring. ring.
Qed.

(* Without the square, t1 is fixed of width 1. *)
Theorem T1_without_square b : member (over_seven fixed type1 b 1 1) (fun x => relu (x1 x)).
Proof.
  exists (one_hot 1), [neuron_1]. split; [|split; [|split]]; auto.
  - exists 1%nat. split; auto. simpl. lia.
  - repeat constructor.
  - intros x Hx. cbn [over_seven neuron dictionary]. rewrite neuron_1_value by auto.
    unfold one_hot. now rewrite mix_one_hot.
Qed.

(* The dictionary must be the seven: with ReLU + ReLU^2 as one more activation, t1 is fixed of
   width 1. *)
Theorem T1_joined b : member {| kind := fixed; neuron := type1;
  dictionary := (fun z => relu z + relu2 z) :: seven; groups := 1; bias := b; dimension := 1;
  width := 1 |} t1.
Proof.
  exists (one_hot 0), [neuron_1]. split; [|split; [|split]]; auto.
  - exists 0%nat. split; auto. simpl. lia.
  - repeat constructor.
  - intros x Hx. cbn [neuron dictionary]. rewrite neuron_1_value by auto.
    unfold one_hot. now rewrite mix_one_hot.
Qed.

(* ---- the theorem ---- *)
(* T1. t1(x) = ReLU(x) + ReLU^2(x) is an LA network of width 1 and, over the seven activations,
   no fixed network of any finite width: d = 1, hidden biases on or off. *)
Theorem T1 :
  (forall b, member (over_seven la type1 b 1 1) t1) /\
  (forall b m, ~ member (over_seven fixed type1 b 1 m) t1).
Proof.
  split.
  - intros b. set (alpha := fun _ _ k : nat => if (orb (k =? 1) (k =? 2))%nat then 1 else 0).
    exists (constants alpha), [neuron_1]. split; [|split; [|split]]; auto.
    + now exists alpha.
    + repeat constructor.
    + intros x Hx. cbn [over_seven neuron dictionary]. rewrite neuron_1_value by auto.
      unfold constants, alpha, t1, seven. cbn [values map mix Nat.eqb orb]. ring.
  - intros b m [c [N [[i [Hi ->]] [HN [_ E]]]]].
    cbn [over_seven dictionary neuron dimension] in *.
    assert (C : nth i seven_kinks 0 = 0 \/ affine_off [0] (nth i seven (fun _ => 0))).
    { do 7 (destruct i as [|i]; [simpl; auto using affine_off_relu, affine_off_leaky_relu|]).
      simpl in Hi. lia. }
    destruct C as [K|P].
    + assert (1 = 0); [|lra]. apply (jump_unique _ _ _ t1_jump).
      apply (jump_ext (fun u => network type1 seven (one_hot i) N (move [0] [1] u))).
      intros u. symmetry. now apply E.
      now apply (fixed_jump _ seven_kinks); [apply seven_kinked|].
    + destruct (free_right (map breakpoint N) 0) as [r [Hr F]].
      destruct (affine_off_fixed i b m N P HN 0 r Hr F) as [p [q A]].
      apply (t1_not_affine r p q Hr). intros h Hh. rewrite <- A by auto. now apply E.
Qed.
