(* Mixtures near the origin, whose coefficients are functions that vanish there. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import at_origin orders_at_origin.
Import ListNotations.
Open Scope R_scope.

Lemma mix_differentiable d (c : nat -> vec -> R) (P : list (vec -> R)) :
  (forall k, (k < length P)%nat -> differentiable_at_0 d (c k)) ->
  Forall (fun f => exists l, tends d f l) P ->
  differentiable_at_0 d (fun x => mix (fun k => c k x) (map (fun f => f x) P)).
Proof.
  intros Hc H. revert c Hc. induction H as [|f P [l Hf] _ IH]; intros c Hc; simpl.
  - apply differentiable_0.
  - apply differentiable_plus.
    + apply differentiable_mult with l; auto. apply Hc. simpl. lia.
    + apply (IH (fun k => c (S k))). intros k Hk. apply Hc. simpl. lia.
Qed.

Lemma mix_big_o d m n (c : nat -> vec -> R) (P : list (vec -> R)) :
  (forall k, (k < length P)%nat -> big_o d m (c k)) -> Forall (big_o d n) P ->
  big_o d (m + n) (fun x => mix (fun k => c k x) (map (fun f => f x) P)).
Proof.
  intros Hc H. revert c Hc. induction H as [|f P Hf _ IH]; intros c Hc; simpl.
  - apply big_o_0.
  - apply big_o_plus.
    + apply big_o_mult; auto. apply Hc. simpl. lia.
    + apply (IH (fun k => c (S k))). intros k Hk. apply Hc. simpl. lia.
Qed.

Section Mixtures.
Variables (d : nat) (D : list (R -> R)) (ks : list R) (HD : Forall2 kinked D ks).

(* The dictionary at an affine map, as functions of the input. *)
Definition values_of (l : affine) : list (vec -> R) := map (fun s x => s (affine_at l x)) D.

Lemma values_of_at l x : map (fun f => f x) (values_of l) = values D (affine_at l x).
Proof. unfold values_of, values. now rewrite map_map. Qed.

Lemma mixture_differentiable (c : nat -> vec -> R) l :
  (forall k, (k < length D)%nat -> differentiable_at_0 d (c k)) ->
  differentiable_at_0 d (fun x => mix (fun k => c k x) (values D (affine_at l x))).
Proof.
  intros Hc. assert (H : differentiable_at_0 d (fun x =>
    mix (fun k => c k x) (map (fun f => f x) (values_of l)))).
  { apply mix_differentiable. unfold values_of. now rewrite map_length.
    unfold values_of. generalize HD. generalize D ks. intros D' ks' H.
    induction H as [|s k D' ks' Hs _ IH]; simpl; constructor; auto.
    exists (s (snd l)). now apply tends_kinked with k. }
  destruct H as [L [HL H]]. exists L. split; auto. intros eps He. generalize (H eps He).
  apply near_0_imp. intros x _. now rewrite values_of_at.
Qed.

Lemma mixture_big_o m (c : nat -> vec -> R) l : Forall (fun s => s 0 = 0) D -> snd l = 0 ->
  (forall k, (k < length D)%nat -> big_o d m (c k)) ->
  big_o d (m + 1) (fun x => mix (fun k => c k x) (values D (affine_at l x))).
Proof.
  intros Z Hl Hc. assert (H : big_o d (m + 1) (fun x =>
    mix (fun k => c k x) (map (fun f => f x) (values_of l)))).
  { apply mix_big_o. unfold values_of. now rewrite map_length.
    unfold values_of. revert Z. generalize HD. generalize D ks. clear Hc. intros D' ks' H Z.
    induction H as [|s k D' ks' Hs _ IH]; simpl; constructor.
    - inversion_clear Z. destruct (big_o_kinked d s k (fst l) Hs) as [C B]; auto.
      exists C. revert B. apply near_0_imp. intros x _. unfold affine_at.
      now rewrite Hl, Rplus_0_r.
    - inversion_clear Z. auto. }
  destruct H as [C H]. exists C. revert H. apply near_0_imp. intros x _.
  now rewrite values_of_at.
Qed.
End Mixtures.
