(* Jumps of the derivative at 0.

   The slope of g at 0 in direction v is lim (g(v h) - g(0))/h as h -> 0, h > 0. The derivative
   of g jumps at 0 by the sum of the slopes in the directions 1 and -1: g'(0+) - g'(0-). *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Expressivity Require Import limits.
Open Scope R_scope.

Definition slope (g : R -> R) (v l : R) : Prop := lim0 (fun h => (g (v * h) - g 0) / h) l.

Definition jump (g : R -> R) (J : R) : Prop :=
  exists r l, slope g 1 r /\ slope g (-1) l /\ J = r + l.

(* ---- slopes ---- *)
Lemma slope_ext f g v l : (forall h, f h = g h) -> slope f v l -> slope g v l.
Proof. intros E. apply lim0_ext. intros. now rewrite !E. Qed.

Lemma slope_affine a c v : slope (fun h => a * h + c) v (a * v).
Proof. apply (lim0_ext (fun _ => a * v)). intros; field; lra. apply lim0_const. Qed.

(* A function with a slope tends to its value in that direction. *)
Lemma slope_lim g v l : slope g v l -> lim0 (fun h => g (v * h)) (g 0).
Proof.
  intros H. apply (lim0_ext (fun h => h * ((g (v * h) - g 0) / h) + g 0)). intros; field; lra.
  apply (lim0_eq _ (0 * l + g 0)); [|ring].
  apply (lim0_plus _ (fun _ => g 0)); [|apply lim0_const]. apply lim0_mult; auto. apply lim0_id.
Qed.

Lemma slope_plus f g v l m :
  slope f v l -> slope g v m -> slope (fun h => f h + g h) v (l + m).
Proof.
  intros Hf Hg. eapply lim0_ext; [|apply (lim0_plus _ _ _ _ Hf Hg)]. intros; simpl; field; lra.
Qed.

Lemma slope_mult f g v l m :
  slope f v l -> slope g v m -> slope (fun h => f h * g h) v (f 0 * m + l * g 0).
Proof.
  intros Hf Hg.
  apply (lim0_ext (fun h => f (v * h) * ((g (v * h) - g 0) / h) + (f (v * h) - f 0) / h * g 0)).
  - intros; field; lra.
  - apply lim0_plus.
    + apply (lim0_mult (fun h => f (v * h))); auto. now apply (slope_lim f v l).
    + apply (lim0_mult _ (fun _ => g 0)); auto. apply lim0_const.
Qed.

(* The chain rule for an outer function that is differentiable. *)
Lemma slope_comp F f v l D :
  is_derive F (f 0) D -> slope f v l -> slope (fun h => F (f h)) v (D * l).
Proof.
  intros HF Hf.
  set (q := fun k => if Req_EM_T k 0 then D else (F (f 0 + k) - F (f 0)) / k).
  apply (lim0_ext (fun h => q (f (v * h) - f 0) * ((f (v * h) - f 0) / h))).
  - intros h Hh. unfold q. destruct (Req_EM_T (f (v * h) - f 0) 0) as [E|E].
    + replace (f (v * h)) with (f 0) by lra. field. lra.
    + rewrite Rplus_minus. field. split; [lra|exact E].
  - apply (lim0_mult (fun h => q (f (v * h) - f 0))); auto.
    intros eps He. apply is_derive_Reals in HF. destruct (HF eps He) as [d Hd].
    generalize (slope_lim f v l Hf d (cond_pos d)). apply small_imp. intros h _ K.
    unfold q. destruct (Req_EM_T _ 0) as [E|E].
    + now rewrite Rminus_eq_0, Rabs_R0.
    + apply Hd; auto.
Qed.

Lemma slope_of_derive g D v : is_derive g 0 D -> slope g v (D * v).
Proof.
  intros H. replace (D * v) with (D * (1 * v)) by ring.
  apply (slope_ext (fun h => g (1 * h + 0))). intros; f_equal; ring.
  apply (slope_comp g (fun h => 1 * h + 0)). now rewrite Rmult_0_r, Rplus_0_l. apply slope_affine.
Qed.

Lemma lim0_of_derive g : ex_derive g 0 -> lim0 g (g 0).
Proof.
  intros [D H]. apply (lim0_ext (fun h => g (1 * h))). intros; now rewrite Rmult_1_l.
  apply (slope_lim g 1 (D * 1)). now apply slope_of_derive.
Qed.

(* The chain rule for an inner linear function: slopes are homogeneous of degree 1. *)
Lemma slope_scale g v c l : 0 <= c -> slope g v l -> slope g (c * v) (c * l).
Proof.
  intros [Hc|<-] H.
  - apply (lim0_scale c) in H; auto. apply (lim0_scal c) in H. eapply lim0_ext; [|exact H].
    intros h Hh. simpl. replace (v * (c * h)) with (c * v * h) by ring. field. lra.
  - rewrite !Rmult_0_l. apply (lim0_ext (fun _ => 0)); [|apply lim0_const].
    intros h Hh. rewrite Rmult_0_l. field. lra.
Qed.

(* ---- jumps ---- *)
Lemma jump_ext f g J : (forall h, f h = g h) -> jump f J -> jump g J.
Proof.
  intros E [r [l [Hr [Hl HJ]]]]. exists r, l. repeat split; auto; now apply (slope_ext f g).
Qed.

Lemma jump_eq g J K : jump g J -> J = K -> jump g K.
Proof. now intros H <-. Qed.

Lemma jump_plus f g J K : jump f J -> jump g K -> jump (fun h => f h + g h) (J + K).
Proof.
  intros [r [l [Hr [Hl ->]]]] [r' [l' [Hr' [Hl' ->]]]].
  exists (r + r'), (l + l'). repeat split; try ring; now apply slope_plus.
Qed.

(* The product rule. *)
Lemma jump_mult f g J K :
  jump f J -> jump g K -> jump (fun h => f h * g h) (f 0 * K + J * g 0).
Proof.
  intros [r [l [Hr [Hl ->]]]] [r' [l' [Hr' [Hl' ->]]]].
  exists (f 0 * r' + r * g 0), (f 0 * l' + l * g 0).
  repeat split; try ring; now apply slope_mult.
Qed.

(* The chain rule. *)
Lemma jump_comp F f J D : is_derive F (f 0) D -> jump f J -> jump (fun h => F (f h)) (D * J).
Proof.
  intros HF [r [l [Hr [Hl ->]]]]. exists (D * r), (D * l).
  repeat split; try ring; now apply slope_comp.
Qed.

(* A differentiable function does not jump. *)
Lemma jump_of_derive g : ex_derive g 0 -> jump g 0.
Proof.
  intros [D H]. exists (D * 1), (D * -1). repeat split; try ring; now apply slope_of_derive.
Qed.

Lemma jump_const c : jump (fun _ => c) 0.
Proof. apply jump_of_derive. apply ex_derive_const. Qed.

Lemma jump_scal c g J : jump g J -> jump (fun h => c * g h) (c * J).
Proof.
  intros H. apply (jump_eq _ (c * J + 0 * g 0)); [|ring].
  apply (jump_mult (fun _ => c)); auto. apply jump_const.
Qed.

(* An inner linear function multiplies a jump by the size of its slope, and its sign does not
   matter. *)
Lemma jump_linear g w J : jump g J -> jump (fun h => g (w * h)) (Rabs w * J).
Proof.
  assert (S : forall v l, slope g (w * v) l -> slope (fun h => g (w * h)) v l).
  { intros v l. apply lim0_ext. intros h _.
    now rewrite Rmult_0_r, <- Rmult_assoc. }
  intros [r [l [Hr [Hl ->]]]]. destruct (Rle_dec 0 w) as [W|W].
  - exists (w * r), (w * l). rewrite Rabs_pos_eq by auto.
    repeat split; try ring; apply S, slope_scale; auto.
  - exists (- w * l), (- w * r). rewrite Rabs_left by lra. repeat split; try ring; apply S.
    + replace (w * 1) with (- w * -1) by ring. apply slope_scale; auto; lra.
    + replace (w * -1) with (- w * 1) by ring. apply slope_scale; auto; lra.
Qed.

(* A function that is M-Lipschitz at 0 jumps by at most 2 M. *)
Lemma jump_lipschitz g J M :
  small (fun h => Rabs (g h - g 0) <= M * h /\ Rabs (g (- h) - g 0) <= M * h) ->
  jump g J -> Rabs J <= 2 * M.
Proof.
  intros L [r [l [Hr [Hl ->]]]].
  assert (B : forall v s, v = 1 \/ v = -1 -> slope g v s -> Rabs s <= M).
  { intros v s V H. apply lim0_bound with (2 := H). revert L. apply small_imp.
    intros h Hh [L1 L2]. unfold Rdiv. rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq h) by lra.
    apply (Rmult_le_reg_r h); auto. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    destruct V as [->| ->]. now rewrite Rmult_1_l.
    now replace (-1 * h) with (- h) by ring. }
  pose proof (B 1 r (or_introl eq_refl) Hr). pose proof (B (-1) l (or_intror eq_refl) Hl).
  pose proof (Rabs_triang r l). lra.
Qed.
