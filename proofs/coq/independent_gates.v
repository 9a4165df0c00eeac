(* The gates g(i lambda t), i = 1, 2, .., are linearly independent on every interval.

   g is the gate of ReLU while the other six logits are 0. With X = exp(rho lambda t),
   g(i lambda t) = g_0 + q X^i/(X^i + r). A combination that is 0 on an interval is 0 for every
   t, as a quotient of exponential sums; as X tends to 0 it shows its coefficients one by one. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits activations gates gated_separation.
From Expressivity Require Import exponential_sums gate_lines.
Import ListNotations.
Open Scope R_scope.

Lemma relu_value_form gt : exists g0 q rho r, q <> 0 /\ 0 < rho /\ 0 < r /\
  forall z, relu_value gt z = g0 + q * (exp (rho * z) / (exp (rho * z) + r)).
Proof.
  destruct gt; simpl.
  - exists 0, 1, 1, 1. repeat split; try lra. intros z. unfold sigmoid. rewrite exp_Ropp.
    replace (1 * z) with z by ring. pose proof (exp_pos z). field. lra.
  - exists (- 1), 2, 2, 1. repeat split; try lra. intros z. rewrite tanh_eq.
    pose proof (exp_pos (2 * z)). field. lra.
  - exists 0, 1, 1, 6. repeat split; try lra. intros z.
    replace (1 * z) with z by ring. pose proof (exp_pos z). field. lra.
Qed.

Lemma ex_derive_relu_value gt z : ex_derive (relu_value gt) z.
Proof.
  destruct gt; simpl. apply ex_derive_sigmoid. apply ex_derive_tanh.
  change (ex_derive (fun z => exp z / (exp z + 6)) z). pose proof (exp_pos z). auto_derive. lra.
Qed.

Lemma lim0_sum {A} (f : A -> R -> R) (v : A -> R) l : (forall a, In a l -> lim0 (f a) (v a)) ->
  lim0 (fun t => sum (fun a => f a t) l) (sum v l).
Proof.
  intros H. induction l as [|a l IH]; simpl. apply lim0_const.
  apply lim0_plus. apply H; now left. apply IH. intros; apply H; now right.
Qed.

(* X^k/(X^i + r) is continuous at 0. *)
Lemma lim0_power k i r : 0 < r -> lim0 (fun X => X ^ k / (X ^ i + r)) (0 ^ k / (0 ^ i + r)).
Proof.
  intros Hr. apply (lim0_ext (fun X => (fun X => X ^ k / (X ^ i + r)) (1 * X + 0))).
  intros X _. now rewrite Rmult_1_l, Rplus_0_r.
  apply (lim0_continuous (fun X => X ^ k / (X ^ i + r))), ex_derive_continuous_R.
  auto_derive. assert (0 <= 0 ^ i) by (destruct i; simpl; lra). lra.
Qed.

(* Different powers vanish at different rates. *)
Lemma powers_independent r (a : nat -> R) n : forall m, 0 < r -> (0 < m)%nat ->
  (forall X, 0 < X -> sum (fun i => a i * (X ^ i / (X ^ i + r))) (seq m n) = 0) ->
  forall i, In i (seq m n) -> a i = 0.
Proof.
  induction n as [|n IH]; intros m Hr Hm Z i I; [easy|]. simpl in I.
  assert (A : a m = 0).
  { assert (L : lim0 (fun X => sum (fun i => a i * (X ^ (i - m) / (X ^ i + r))) (seq m (S n)))
      (sum (fun i => a i * (0 ^ (i - m) / (0 ^ i + r))) (seq m (S n)))).
    { apply lim0_sum. intros j _. now apply lim0_scal, lim0_power. }
    apply (lim0_ext _ (fun _ => 0)) in L.
    - pose proof (lim0_unique _ _ _ L (lim0_const 0)) as E. simpl in E.
      rewrite Nat.sub_diag, pow_O, (pow_i m), Rplus_0_l in E by auto.
      rewrite (sum_ext _ (fun _ => 0)), sum_0 in E.
      + apply (Rmult_eq_reg_r (/ r)). unfold Rdiv in E. lra. apply Rinv_neq_0_compat. lra.
      + intros j J. apply in_seq in J. rewrite (pow_i (j - m)) by lia. unfold Rdiv. ring.
    - intros X HX. apply (Rmult_eq_reg_l (X ^ m)). 2: apply pow_nonzero; lra.
      rewrite <- sum_scal, Rmult_0_r. rewrite <- (Z X HX). apply sum_ext. intros j J.
      apply in_seq in J. pose proof (pow_lt X j HX).
      replace (X ^ j) with (X ^ m * X ^ (j - m)) at 2
        by (rewrite <- pow_add; f_equal; lia). field. lra. }
  destruct I as [<-|I]; auto. apply (IH (S m)); auto. intros X HX. specialize (Z X HX).
  simpl in Z. rewrite A in Z. lra.
Qed.

Lemma tame_relu_value gt c : tame (fun t => relu_value gt (c * t)).
Proof.
  apply (tame_ext (fun t => gate_value gt 7
    (fun i => (if (i =? 1)%nat then c else 0) * t + 0) 1)).
  - intros t. destruct gt; simpl; rewrite ?Rmult_0_l, ?Rplus_0_r, ?exp_0; auto. f_equal. ring.
  - apply (tame_gate gt 7 (fun i => if (i =? 1)%nat then c else 0) (fun _ => 0)). lia.
Qed.

Theorem gates_independent gt lambda (a : nat -> R) n e : 0 < lambda -> 0 < e ->
  (forall t, 0 < t < e ->
    sum (fun i => a i * relu_value gt (INR i * lambda * t)) (seq 1 n) = 0) ->
  forall i, In i (seq 1 n) -> a i = 0.
Proof.
  intros Hl He Z. destruct (relu_value_form gt) as [g0 [q [rho [r [Hq [Hrho [Hr E]]]]]]].
  assert (T : forall t, sum (fun i => a i * relu_value gt (INR i * lambda * t)) (seq 1 n) = 0).
  { apply (exp_quotient_zero _ 0 e); auto.
    apply (tame_sum (fun i t => a i * relu_value gt (INR i * lambda * t))).
    intros i. apply tame_scal, tame_relu_value. }
  set (h := fun i X => a i * (X ^ i / (X ^ i + r))).
  assert (W : forall X, 0 < X -> g0 * sum a (seq 1 n) + q * sum (fun i => h i X) (seq 1 n) = 0).
  { intros X HX. rewrite <- (T (ln X / (rho * lambda))), <- !sum_scal, <- sum_plus.
    apply sum_ext. intros i _. rewrite E.
    replace (rho * (INR i * lambda * (ln X / (rho * lambda)))) with (INR i * ln X)
      by (field; lra). fold (Rpower X (INR i)). rewrite Rpower_pow by auto.
    unfold h. pose proof (pow_lt X i HX). field. lra. }
  assert (C : g0 * sum a (seq 1 n) = 0).
  { assert (L : lim0 (fun X => g0 * sum a (seq 1 n) + q * sum (fun i => h i X) (seq 1 n))
      (g0 * sum a (seq 1 n) + q * sum (fun i => a i * (0 ^ i / (0 ^ i + r))) (seq 1 n))).
    { apply lim0_plus. apply lim0_const. apply lim0_scal, lim0_sum. intros i _.
      now apply lim0_scal, lim0_power. }
    apply (lim0_ext _ (fun _ => 0)) in L; auto.
    pose proof (lim0_unique _ _ _ L (lim0_const 0)) as K.
    rewrite (sum_ext (fun i => a i * (0 ^ i / (0 ^ i + r))) (fun _ => 0)), sum_0 in K. lra.
    intros i I. apply in_seq in I. rewrite pow_i by lia. unfold Rdiv. ring. }
  apply (powers_independent r a n 1); auto. intros X HX. specialize (W X HX).
  rewrite C, Rplus_0_l in W. apply Rmult_integral in W. tauto.
Qed.
