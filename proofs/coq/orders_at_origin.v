(* Orders of vanishing at the origin. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits jumps activations vectors domains at_origin.
Import ListNotations.
Open Scope R_scope.

(* f(x) = O(|x|^n). *)
Definition big_o (d n : nat) (f : vec -> R) : Prop :=
  exists C, near_0 d (fun x => Rabs (f x) <= C * norm1 x ^ n).

Lemma big_o_plus d n f g : big_o d n f -> big_o d n g -> big_o d n (fun x => f x + g x).
Proof.
  intros [C Hf] [C' Hg]. exists (C + C'). generalize (near_0_and _ _ _ Hf Hg).
  apply near_0_imp. intros x _ [A B]. pose proof (Rabs_triang (f x) (g x)). lra.
Qed.

Lemma big_o_mult d m n f g : big_o d m f -> big_o d n g ->
  big_o d (m + n) (fun x => f x * g x).
Proof.
  intros [C Hf] [C' Hg]. exists (C * C'). generalize (near_0_and _ _ _ Hf Hg).
  apply near_0_imp. intros x _ [A B]. rewrite Rabs_mult, pow_add.
  replace (C * C' * (norm1 x ^ m * norm1 x ^ n))
    with (C * norm1 x ^ m * (C' * norm1 x ^ n)) by ring.
  apply Rmult_le_compat; auto using Rabs_pos.
Qed.

Lemma big_o_0 d n : big_o d n (fun _ => 0).
Proof. exists 0. apply near_0_all. intros. rewrite Rabs_R0. lra. Qed.

Lemma big_o_const d c : big_o d 0 (fun _ => c).
Proof. exists (Rabs c). apply near_0_all. intros. simpl. lra. Qed.

Lemma big_o_weaken d n f : big_o d (S n) f -> big_o d n f.
Proof.
  intros [C H]. exists (Rabs C).
  assert (B : near_0 d (fun x => norm1 x <= 1)). { exists 1. split. lra. intros. lra. }
  generalize (near_0_and _ _ _ H B). apply near_0_imp. intros x _ [A B1].
  pose proof (norm1_pos x). pose proof (pow_le (norm1 x) n ltac:(auto)). pose proof (RRle_abs C).
  simpl in A. apply Rle_trans with (1 := A).
  assert (norm1 x * norm1 x ^ n <= norm1 x ^ n) by nra.
  assert (0 <= norm1 x * norm1 x ^ n) by nra. pose proof (Rabs_pos C). nra.
Qed.

(* s(w.x), s with slopes at 0 and s(0) = 0. *)
Lemma big_o_kinked d s k w : kinked s k -> s 0 = 0 -> big_o d 1 (fun x => s (dot w x)).
Proof.
  intros [_ [r [l [Hr [Hl _]]]]] Z. set (C := Rabs r + Rabs l + 1).
  destruct (small_and _ _ (lim0_bounded _ _ Hr) (lim0_bounded _ _ Hl)) as [e [He B]].
  assert (P : 0 < C) by (pose proof (Rabs_pos r); pose proof (Rabs_pos l); unfold C; lra).
  assert (K : forall h, Rabs h < e -> Rabs (s h) <= C * Rabs h).
  { assert (Q : forall v h, 0 < h -> Rabs ((s (v * h) - s 0) / h) <= C ->
      Rabs (s (v * h)) <= C * h).
    { intros v h Hh H. rewrite Z, Rminus_0_r in H. unfold Rdiv in H.
      rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq h) in H by lra.
      apply (Rmult_le_compat_r h) in H; [|lra].
      now rewrite Rmult_assoc, Rinv_l, Rmult_1_r in H by lra. }
    pose proof (Rabs_pos r). pose proof (Rabs_pos l).
    intros h Hh. destruct (Rtotal_order h 0) as [N|[->|N]].
    - rewrite (Rabs_left h) in * by auto. destruct (B (- h) ltac:(lra)) as [_ B2].
      specialize (Q (-1) (- h) ltac:(lra)). replace (-1 * - h) with h in * by ring.
      apply Q. unfold C. lra.
    - rewrite Z, Rabs_R0. lra.
    - rewrite (Rabs_pos_eq h) in * by lra. destruct (B h ltac:(lra)) as [B1 _].
      specialize (Q 1 h N). rewrite Rmult_1_l in *. apply Q. unfold C. lra. }
  exists (C * norm1 w). generalize (near_0_dot d w e He). apply near_0_imp. intros x _ D.
  apply Rle_trans with (1 := K _ D). pose proof (dot_norm1 w x). rewrite pow_1. nra.
Qed.

Lemma big_o_equal d n f g : equal_on d unit_ball f g -> big_o d n g -> big_o d n f.
Proof.
  intros E [C H]. exists C. generalize (near_0_and _ _ _ (near_0_unit_ball d) H).
  apply near_0_imp. intros x Hx [B K]. now rewrite E.
Qed.
