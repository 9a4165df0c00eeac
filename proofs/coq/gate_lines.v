(* Gates, and the jumps of MoA networks, along a line: quotients of exponential sums, bounded. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import activations vectors gates networks.
From Expressivity Require Import shared_amplitude exponential_sums.
Import ListNotations.
Open Scope R_scope.

Definition tame (f : R -> R) : Prop := exp_quotient f /\ exists B, forall t, Rabs (f t) <= B.

(* ---- linear combinations ---- *)
Lemma tame_ext f g : (forall t, f t = g t) -> tame f -> tame g.
Proof.
  intros E [Q [B H]]. split. now apply (exp_quotient_ext f). exists B. intros t. now rewrite <- E.
Qed.

Lemma tame_const c : tame (fun _ => c).
Proof. split. apply exp_quotient_const. exists (Rabs c). intros; lra. Qed.

Lemma tame_plus f g : tame f -> tame g -> tame (fun t => f t + g t).
Proof.
  intros [Q [B H]] [Q' [B' H']]. split. now apply exp_quotient_plus. exists (B + B'). intros t.
  eapply Rle_trans. apply Rabs_triang. specialize (H t). specialize (H' t). lra.
Qed.

Lemma tame_scal c f : tame f -> tame (fun t => c * f t).
Proof.
  intros [Q [B H]]. split. now apply exp_quotient_scal. exists (Rabs c * B). intros t.
  rewrite Rabs_mult. apply Rmult_le_compat_l; auto. apply Rabs_pos.
Qed.

Lemma tame_sum {A} (f : A -> R -> R) l : (forall a, tame (f a)) ->
  tame (fun t => sum (fun a => f a t) l).
Proof.
  intros H. induction l as [|a l IH]; simpl. apply tame_const. now apply tame_plus.
Qed.

Lemma tame_mix (c : nat -> R -> R) (p : list R) : (forall k, (k < length p)%nat -> tame (c k)) ->
  tame (fun t => mix (fun k => c k t) p).
Proof.
  revert c. induction p as [|a p IH]; intros c H; simpl. apply tame_const.
  apply tame_plus.
  - apply (tame_ext (fun t => a * c 0%nat t)). intros; ring. apply tame_scal, H. simpl. lia.
  - apply (IH (fun k => c (S k))). intros k Hk. apply H. simpl. lia.
Qed.

(* ---- gates ---- *)
Lemma gate_bounded gt K logits k : (k < K)%nat -> Rabs (gate_value gt K logits k) <= 1.
Proof.
  intros HK. assert (F : forall a b, 0 < a <= b -> 0 < a / b <= 1).
  { intros a b [A B]. split. apply Rdiv_lt_0_compat; lra.
    apply (Rmult_le_reg_r b). lra. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  destruct gt; simpl; apply Rabs_le.
  - unfold sigmoid. pose proof (exp_pos (- logits k)).
    pose proof (F 1 (1 + exp (- logits k)) ltac:(lra)). lra.
  - rewrite tanh_eq. pose proof (exp_pos (2 * logits k)).
    pose proof (F 1 (exp (2 * logits k) + 1) ltac:(lra)). unfold Rdiv in *. lra.
  - assert (E : exp (logits k) <= sum (fun i => exp (logits i)) (seq 0 K)).
    { apply (sum_ge_term (fun i => exp (logits i))). intros; left; apply exp_pos.
      apply in_seq. lia. }
    pose proof (exp_pos (logits k)).
    pose proof (F _ _ (conj H E)). lra.
Qed.

(* A gate whose logits are affine functions a_i t + b_i. *)
Lemma tame_gate gt K (a b : nat -> R) k : (k < K)%nat ->
  tame (fun t => gate_value gt K (fun i => a i * t + b i) k).
Proof.
  intros HK. split. 2: { exists 1. intros t. now apply gate_bounded. }
  destruct gt; simpl.
  - exists [(1, 0)], [(1, 0); (exp (- b k), - a k)]. intros t. unfold exp_sum. simpl.
    rewrite Rmult_0_l, exp_0, <- exp_plus. unfold sigmoid.
    replace (- b k + - a k * t) with (- (a k * t + b k)) by ring.
    pose proof (exp_pos (- (a k * t + b k))). split. lra. field. lra.
  - exists [(- 1, 0); (exp (2 * b k), 2 * a k)], [(1, 0); (exp (2 * b k), 2 * a k)].
    intros t. unfold exp_sum. simpl. rewrite Rmult_0_l, exp_0, <- exp_plus, tanh_eq.
    replace (2 * b k + 2 * a k * t) with (2 * (a k * t + b k)) by ring.
    pose proof (exp_pos (2 * (a k * t + b k))). split. lra. field. lra.
  - exists [(exp (b k), a k)], (map (fun i => (exp (b i), a i)) (seq 0 K)). intros t.
    assert (E : exp_sum (map (fun i => (exp (b i), a i)) (seq 0 K)) t =
      sum (fun i => exp (a i * t + b i)) (seq 0 K)).
    { unfold exp_sum. clear HK. induction (seq 0 K) as [|i l IH]; simpl; auto.
      rewrite IH, <- exp_plus. do 2 f_equal. ring. }
    rewrite E. split.
    + apply sum_pos. intros; apply exp_pos. destruct K; [lia | easy].
    + f_equal. unfold exp_sum. simpl. rewrite Rplus_0_r, <- exp_plus. f_equal. ring.
Qed.

(* Along every line the jump of a type1 MoA network, with any number of groups, is tame. *)
Theorem tame_jump gt scaled biased K d G ks c N n h x t :
  of_kind (moa gt scaled biased) K d c -> length ks = K -> length x = length t ->
  tame (fun s => shared_jump G ks c N n h (move x t s)).
Proof.
  intros [p [_ ->]] <- L. unfold shared_jump. apply tame_sum. intros g. apply tame_scal.
  unfold kappa. apply (tame_mix (fun k s => gated gt (length ks) p g 0%nat k (move x t s))).
  intros k Hk. apply tame_scal.
  apply (tame_ext (fun s => gate_value gt (length ks) (fun i =>
    dot (fst (logit (p g 0%nat i))) t * s + affine_at (logit (p g 0%nat i)) x) k)).
  - intros s. destruct gt; simpl; rewrite ?affine_at_move by auto; auto.
    f_equal. apply sum_ext. intros i _. now rewrite affine_at_move.
  - now apply tame_gate.
Qed.

(* No bounded quotient of exponential sums is u + t on an interval: it would be u + t
   everywhere. *)
Theorem tame_not_affine f a b u : tame f -> a < b -> ~ forall t, a < t < b -> f t = u + t.
Proof.
  intros [Q [B H]] L E. destruct (exp_quotient_derive f Q) as [g [Qg D]].
  assert (Z : forall t, g t + - 1 = 0).
  { apply (exp_quotient_zero _ a b); auto.
    - apply (exp_quotient_plus g (fun _ => - 1)); auto. apply exp_quotient_const.
    - intros t T. apply (derive_of_constant (fun t => f t + - t) u a b t); auto.
      + intros s S. rewrite (E s S). ring.
      + apply (is_derive_plus (K := R_AbsRing) (V := R_NormedModule) f (fun t => - t)); auto.
        auto_derive; auto. }
  assert (C : forall s t, f s + - s = f t + - t).
  { apply (constant_of_derive (fun t => f t + - t)). intros t. rewrite <- (Z t).
    apply (is_derive_plus (K := R_AbsRing) (V := R_NormedModule) f (fun t => - t)); auto.
    auto_derive; auto. }
  specialize (C (B + 1 - u) ((a + b) / 2)). rewrite (E ((a + b) / 2)) in C by lra.
  pose proof (H (B + 1 - u)) as K. replace (f (B + 1 - u)) with (B + 1) in K by lra.
  pose proof (Rabs_pos (B + 1)). pose proof (RRle_abs (B + 1)). lra.
Qed.
