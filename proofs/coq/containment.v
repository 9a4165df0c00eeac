(* Containment of LA in MoA at equal width depends on the gate.

   With u = 0 all gates are constants. If a factor times gate_k is alpha_k for all k, the MoA
   network with a_j replaced by the factor times a_j is the LA network, neuron by neuron. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks domains.
From Expressivity Require Import constant_gates vanishing_gates signs positive_gates.
Import ListNotations.
Open Scope R_scope.

(* ---- the maps ---- *)
(* More than the absolute value of each of K numbers. *)
Definition bound (K : nat) (a : nat -> R) : R := 1 + sum (fun k => Rabs (a k)) (seq 0 K).

Lemma sum_ge (a : nat -> R) l k : In k l -> Rabs (a k) <= sum (fun k => Rabs (a k)) l.
Proof.
  induction l as [|i l IH]; [easy|]. simpl. pose proof (Rabs_pos (a i)).
  assert (P : 0 <= sum (fun k => Rabs (a k)) l).
  { clear. induction l as [|i l IH]; simpl. lra. pose proof (Rabs_pos (a i)). lra. }
  intros [->|I]. lra. specialize (IH I). lra.
Qed.

Lemma bound_spec K a k : (k < K)%nat -> Rabs (a k) < bound K a.
Proof.
  intros Hk. unfold bound. pose proof (sum_ge a (seq 0 K) k). rewrite in_seq in H.
  specialize (H ltac:(lia)). lra.
Qed.

Definition artanh (y : R) : R := ln ((1 + y) / (1 - y)) / 2.
Definition logit_of (y : R) : R := ln (y / (1 - y)).

Lemma tanh_artanh y : -1 < y < 1 -> tanh (artanh y) = y.
Proof.
  intros H. unfold artanh. rewrite tanh_eq.
  replace (2 * (ln ((1 + y) / (1 - y)) / 2)) with (ln ((1 + y) / (1 - y))) by field.
  rewrite exp_ln by (apply Rdiv_lt_0_compat; lra). field. lra.
Qed.

Lemma sigmoid_logit y : 0 < y < 1 -> sigmoid (logit_of y) = y.
Proof.
  intros H. unfold sigmoid, logit_of. rewrite exp_Ropp, exp_ln by (apply Rdiv_lt_0_compat; lra).
  field. lra.
Qed.

Lemma sum_one_each (K : nat) : sum (fun _ => 1) (seq 0 K) = INR K.
Proof.
  generalize 0%nat. induction K as [|K IH]; intros s. reflexivity.
  cbn [seq sum fold_right]. unfold sum in IH. rewrite IH, S_INR. ring.
Qed.

(* Sigmoid with scale: scale_k = 2 alpha_k. Softmax with scale: scale_k = K alpha_k. *)
Lemma scaled_gates_contain A gt biased f : gt <> Tanh -> member (with_kind A la) f ->
  member (with_kind A (moa gt true biased)) f.
Proof.
  intros G [c [N H]]. destruct (proj1 H) as [alpha ->].
  set (K := coefficient_count A). set (r := match gt with Sigmoid => 2 | _ => INR K end).
  apply (lift A gt true biased alpha N f (fun _ _ => 1) (fun g side k => r * alpha g side k)
    (fun _ _ _ => 0)); auto. discriminate.
  intros g side k Hk. fold K in Hk |- *. unfold r. destruct gt; [|tauto|]; simpl.
  - unfold sigmoid. rewrite Ropp_0, exp_0. field.
  - rewrite (sum_ext _ (fun _ => 1)), exp_0, sum_one_each by (intros; apply exp_0).
    field. apply not_0_INR. lia.
Qed.

(* tanh with bias: e_k = artanh(alpha_k/c), c > max abs(alpha), a_j -> c a_j. *)
Lemma biased_tanh_contains A scaled f : member (with_kind A la) f ->
  member (with_kind A (moa Tanh scaled true)) f.
Proof.
  intros [c [N H]]. destruct (proj1 H) as [alpha ->]. set (K := coefficient_count A).
  set (r := fun g side => bound K (alpha g side)).
  apply (lift A Tanh scaled true alpha N f r (fun _ _ _ => 1)
    (fun g side k => artanh (alpha g side k / r g side))); auto. discriminate.
  intros g side k Hk. fold K in Hk. simpl.
  pose proof (bound_spec K (alpha g side) k Hk) as B. fold (r g side) in B.
  pose proof (Rabs_pos (alpha g side k)). apply Rabs_def2 in B.
  rewrite tanh_artanh. field; lra. split.
  - apply (Rmult_lt_reg_r (r g side)). lra. unfold Rdiv.
    rewrite Rmult_assoc, Rinv_l by lra. lra.
  - apply (Rmult_lt_reg_r (r g side)). lra. unfold Rdiv.
    rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(* Positive gates with a bias alone, for coefficients that are nonzero and of one sign: sigmoid
   e_k = logit(abs(alpha_k)/c), c > max abs(alpha); softmax e_k = log abs(alpha_k); the factor
   c or sum abs(alpha), with the sign, in a_j. *)
Definition one_sign (A : family) (alpha : nat -> nat -> nat -> R) : Prop :=
  forall g side, (forall k, (k < coefficient_count A)%nat -> 0 < alpha g side k) \/
    (forall k, (k < coefficient_count A)%nat -> alpha g side k < 0).

Lemma one_sign_contained A gt alpha N f : gt <> Tanh -> one_sign A alpha ->
  represents (with_kind A la) (constants alpha) N f ->
  member (with_kind A (moa gt false true)) f.
Proof.
  intros G O H. set (K := coefficient_count A) in *.
  set (sign := fun g side => if Rlt_dec 0 (alpha g side 0%nat) then 1 else -1).
  set (r := fun g side => match gt with Sigmoid => bound K (alpha g side)
    | _ => sum (fun k => Rabs (alpha g side k)) (seq 0 K) end).
  set (e := fun g side k => match gt with
    | Sigmoid => logit_of (Rabs (alpha g side k) / r g side)
    | _ => ln (Rabs (alpha g side k)) end).
  apply (lift A gt false true alpha N f (fun g side => sign g side * r g side)
    (fun _ _ _ => 1) e); auto. discriminate.
  intros g side k Hk. fold K in Hk |- *.
  assert (S : alpha g side k = sign g side * Rabs (alpha g side k)).
  { unfold sign. destruct (O g side) as [P|P]; pose proof (P k Hk);
      pose proof (P 0%nat ltac:(fold K; lia)); destruct (Rlt_dec 0 (alpha g side 0%nat));
      try lra; [rewrite Rabs_pos_eq | rewrite Rabs_left]; lra. }
  assert (Ne : forall i, (i < K)%nat -> 0 < Rabs (alpha g side i)).
  { intros i Hi. apply Rabs_pos_lt. destruct (O g side) as [P|P]; pose proof (P i Hi); lra. }
  rewrite S at 1. rewrite Rmult_assoc. f_equal. pose proof (Ne k Hk) as Pk.
  unfold e, r. destruct gt; [|tauto|]; simpl.
  - pose proof (bound_spec K (alpha g side) k Hk) as B. rewrite sigmoid_logit. field; lra.
    split. apply Rdiv_lt_0_compat; lra. apply (Rmult_lt_reg_r (bound K (alpha g side))). lra.
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - rewrite exp_ln by auto.
    rewrite (sum_ext (fun i => exp (ln (Rabs (alpha g side i)))) (fun i => Rabs (alpha g side i))).
    + field. pose proof (sum_ge (alpha g side) (seq 0 K) k). rewrite in_seq in H0.
      specialize (H0 ltac:(lia)). lra.
    + intros i I. apply in_seq in I. apply exp_ln, Ne. lia.
Qed.

(* ---- without a hypothesis ---- *)
(* Containment under unscaled sigmoid or softmax, bias on or off, and under tanh with scale
   alone is false: ReLU(x1) over the seven. *)
Theorem containment_other_gates gt scaled biased :
  (gt <> Tanh /\ scaled = false) \/ (gt = Tanh /\ biased = false) ->
  ~ (forall A f, member (with_kind A la) f -> member (with_kind A (moa gt scaled biased)) f).
Proof.
  intros H C. assert (I : In relu seven) by (simpl; auto).
  pose proof (C (over la type1 seven false 1 1) relu_x1
    (relu_x1_member type1 seven false 0 I (or_introl eq_refl))) as M.
  destruct H as [[G ->]|[-> ->]].
  - apply (outside_not_member _ _ _ (not_a_positive_neuron type1 seven gt biased false 0 G
      seven_sign_dictionary)), M.
  - destruct (C2 type1 seven false 0 I (incl_refl _)) as [_ [_ O]].
    exact (outside_not_member _ _ _ (O scaled 1%nat) M).
Qed.

(* ---- the theorem ---- *)
(* containment. Every LA network is a MoA network of the same width and form: sigmoid and
   softmax with scale, tanh with bias. Not so, over the seven, in the other six cells: for
   positive gates at width 1, for tanh at every width, with hidden biases off, on the unit ball,
   for every form and d >= 1. With a bias alone positive gates reach all coefficients that are
   nonzero and of one sign. *)
Theorem containment :
  (forall A f, member (with_kind A la) f ->
    (forall biased, member (with_kind A (moa Sigmoid true biased)) f) /\
    (forall biased, member (with_kind A (moa Softmax true biased)) f) /\
    (forall scaled, member (with_kind A (moa Tanh scaled true)) f)) /\
  (forall F d, member (over la F seven false (S d) 1) (C1_target F) /\
    (forall biased, outside unit_ball (over (moa Sigmoid false biased) F seven false (S d) 1)
      (C1_target F)) /\
    (forall biased, outside unit_ball (over (moa Softmax false biased) F seven false (S d) 1)
      (C1_target F)) /\
    (forall scaled m, outside unit_ball (over (moa Tanh scaled false) F seven false (S d) m)
      (C1_target F))) /\
  (forall A alpha N f, one_sign A alpha -> represents (with_kind A la) (constants alpha) N f ->
    member (with_kind A (moa Sigmoid false true)) f /\
    member (with_kind A (moa Softmax false true)) f).
Proof.
  split; [|split].
  - intros A f H. split; [|split]; intros.
    1, 2: now apply scaled_gates_contain. now apply biased_tanh_contains.
  - intros F d. assert (I : In relu seven) by (simpl; auto).
    destruct (C1a F seven false d I (or_introl eq_refl)) as [M P].
    split; [|split; [|split]]; auto. intros scaled m.
    destruct (C2 F seven false d I (incl_refl _)) as [_ [_ O]].
    specialize (O scaled m). destruct F; exact O.
  - intros A alpha N f O H. split; now apply (one_sign_contained A _ alpha N).
Qed.
