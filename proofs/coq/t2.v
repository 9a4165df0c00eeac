(* T2: MoA is not contained in LA, type1 (arXiv:2605.26647, Theorem 4.2; the proof is ours). *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude shared_amplitude jump_lemma.
From Expressivity Require Import gated_separation formulas.
Import ListNotations.
Open Scope R_scope.

Definition t2 (lambda : R) (x : vec) : R := tanh (lambda * x1 x) * relu (x2 x).
Definition t2_sigmoid (lambda : R) (x : vec) : R := sigmoid (lambda * x1 x) * relu (x2 x).
Definition t2_softmax (lambda : R) (x : vec) : R :=
  exp (lambda * x1 x) / (exp (lambda * x1 x) + 6) * relu (x2 x).

Definition t2_sigmoid_unscaled (lambda : R) (x : vec) : R :=
  sigmoid (lambda * x1 x) * relu (x2 x) + other_six (x2 x) / 2.
Definition t2_softmax_unscaled (lambda : R) (x : vec) : R :=
  (exp (lambda * x1 x) * relu (x2 x) + other_six (x2 x)) / (exp (lambda * x1 x) + 6).
#[export] Hint Unfold t2 t2_sigmoid t2_softmax t2_sigmoid_unscaled t2_softmax_unscaled : formulas.

Lemma share_rest z : 1 / (exp z + 6) = (1 - exp z / (exp z + 6)) / 6.
Proof. pose proof (exp_pos z). field. lra. Qed.

(* ---- without a hypothesis ---- *)
(* The gate must depend on x: with the logit 1 in place of lambda x1, which is all that is
   asked of MoA otherwise, the target is an LA network of width 1, for every gate and scale. *)
Theorem T2_constant_gate gt scaled : exists f,
  represents (over_seven (moa gt scaled true) type1 false 2 1) (relu_gated gt ([0; 0], 1) 1)
    [neuron_e2 []] f /\
  member (over_seven la type1 false 2 1) f.
Proof.
  set (c := relu_gated gt ([0; 0], 1) 1).
  exists (network type1 seven c [neuron_e2 []]). split.
  - apply relu_gated_represents; auto. split; auto. discriminate.
  - set (alpha := fun g side k => c g side k [0; 0]).
    exists (constants alpha), [neuron_e2 []]. split; [|split; [|split]]; auto.
    + now exists alpha.
    + repeat constructor.
    + intros x Hx. destruct (vec_2 x Hx) as [a [b ->]]. unfold network. apply sum_ext.
      intros nu [<-|[]]. unfold neuron_value. cbn [combine_form over_seven dictionary].
      do 2 f_equal. apply mix_ext. intros k _. unfold alpha, constants, c. cbn [group neuron_e2].
      rewrite !relu_gated_value, !affine_at_2.
      now replace (0 * a + 0 * b + 1) with (0 * 0 + 0 * 0 + 1) by ring.
Qed.

(* The smaller class must be type1: t2 is a two_sided LA network of width 1, psi = ReLU and
   phi = tanh. *)
Theorem T2_two_sided lambda b : member (over_seven la two_sided b 2 1) (t2 lambda).
Proof.
  set (alpha := fun (_ side k : nat) =>
    if (k =? if (side =? 0)%nat then 1 else 6)%nat then 1 else 0).
  exists (constants alpha), [neuron_e2 [([lambda; 0], 0)]]. split; [|split; [|split]]; auto.
  - now exists alpha.
  - repeat constructor.
  - intros x Hx. destruct (vec_2 x Hx) as [y [z ->]]. unfold network, neuron_value, t2, x1, x2.
    cbn [sum fold_right out neuron_e2 map_of maps nth group over_seven neuron dictionary].
    rewrite !affine_at_2. replace (0 * y + 1 * z + 0) with z by ring.
    replace (lambda * y + 0 * z + 0) with (lambda * y) by ring.
    unfold constants, alpha, seven, values. cbn [combine_form map mix Nat.eqb]. ring.
Qed.

(* ---- the theorems ---- *)
(* T2. t(x) = tanh(lambda x1) ReLU(x2) is a type1 MoA network of width 1 with tanh gates, scale
   off or on, and on the unit ball no type1 LA network of any finite width: d = 2, any
   lambda > 0, over the seven; gate biases off or on; hidden biases off or on. *)
Theorem T2 lambda : 0 < lambda ->
  (forall scaled biased b, member (over_seven (moa Tanh scaled biased) type1 b 2 1) (t2 lambda)) /\
  (forall b m, outside unit_ball (over_seven la type1 b 2 m) (t2 lambda)).
Proof.
  intros Hl. pose proof (tanh_pos (lambda / 2) ltac:(lra)).
  assert (H2 : forall scaled biased, _) by (intros scaled biased;
    refine (member_and_not_la Tanh scaled biased lambda 1 (t2 lambda) _ _ _ _);
    [repeat split; auto | auto | intros x _; unfold t2; simpl; ring
    | simpl; rewrite tanh_0; lra]).
  split. intros scaled biased. apply H2. apply (H2 true true).
Qed.

(* T2-sigmoid. The same for t(x) = sigmoid(lambda x1) ReLU(x2): sigmoid gates, scale on. *)
Theorem T2_sigmoid lambda : 0 < lambda ->
  (forall biased b, member (over_seven (moa Sigmoid true biased) type1 b 2 1)
    (t2_sigmoid lambda)) /\
  (forall b m, outside unit_ball (over_seven la type1 b 2 m) (t2_sigmoid lambda)).
Proof.
  intros Hl. assert (H2 : forall biased, _) by (intros biased;
    refine (member_and_not_la Sigmoid true biased lambda 0 (t2_sigmoid lambda) _ _ _ _);
    [repeat split; auto | discriminate | intros x _; unfold t2_sigmoid; simpl; ring
    | simpl; pose proof (sigmoid_increasing 0 (lambda / 2) ltac:(lra)); lra]).
  split. intros biased. apply H2. apply (H2 true).
Qed.

(* T2-softmax. The same for t(x) = exp(lambda x1)/(exp(lambda x1) + 6) ReLU(x2): softmax gates,
   scale on. *)
Theorem T2_softmax lambda : 0 < lambda ->
  (forall biased b, member (over_seven (moa Softmax true biased) type1 b 2 1)
    (t2_softmax lambda)) /\
  (forall b m, outside unit_ball (over_seven la type1 b 2 m) (t2_softmax lambda)).
Proof.
  intros Hl. assert (H2 : forall biased, _) by (intros biased;
    refine (member_and_not_la Softmax true biased lambda 0 (t2_softmax lambda) _ _ _ _);
    [repeat split; auto | discriminate | intros x _; unfold t2_softmax; simpl; ring
    | simpl; pose proof (share_increasing 6 0 (lambda / 2) ltac:(lra) ltac:(lra)); lra]).
  split. intros biased. apply H2. apply (H2 true).
Qed.

(* T2-sigmoid-unscaled. The same for t(x) = sigmoid(lambda x1) ReLU(x2) + (sum of the other six
   activations at x2)/2: sigmoid gates, scale off. *)
Theorem T2_sigmoid_unscaled lambda : 0 < lambda ->
  (forall biased b, member (over_seven (moa Sigmoid false biased) type1 b 2 1)
    (t2_sigmoid_unscaled lambda)) /\
  (forall b m, outside unit_ball (over_seven la type1 b 2 m) (t2_sigmoid_unscaled lambda)).
Proof.
  intros Hl. assert (H2 : forall biased, _) by (intros biased;
    refine (member_and_not_la Sigmoid false biased lambda 1 (t2_sigmoid_unscaled lambda) _ _ _ _);
    [repeat split; auto | auto | intros x _; unfold t2_sigmoid_unscaled; simpl; field
    | simpl; pose proof (sigmoid_increasing 0 (lambda / 2) ltac:(lra)); lra]).
  split. intros biased. apply H2. apply (H2 true).
Qed.

(* T2-softmax-unscaled. The same for t(x) = (exp(lambda x1) ReLU(x2) + sum of the other six
   activations at x2)/(exp(lambda x1) + 6): softmax gates, scale off. *)
Theorem T2_softmax_unscaled lambda : 0 < lambda ->
  (forall biased b, member (over_seven (moa Softmax false biased) type1 b 2 1)
    (t2_softmax_unscaled lambda)) /\
  (forall b m, outside unit_ball (over_seven la type1 b 2 m) (t2_softmax_unscaled lambda)).
Proof.
  intros Hl. assert (H2 : forall biased, _) by (intros biased;
    refine (member_and_not_la Softmax false biased lambda 1 (t2_softmax_unscaled lambda) _ _ _ _);
    [repeat split; auto | auto
    | intros x _; unfold t2_softmax_unscaled; simpl; field; pose proof (exp_pos (lambda * x1 x));
      lra
    | simpl; pose proof (share_increasing 6 0 (lambda / 2) ltac:(lra) ltac:(lra)) as S;
      rewrite !share_rest; unfold eta; lra ]).
  split. intros biased. apply H2. apply (H2 true).
Qed.
