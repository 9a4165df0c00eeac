(* B5 on t7: a gradient bound against every type1 network with one group, at every width.

   The bound is stated for Lipschitz constants: an f whose difference from t7 is M-Lipschitz on
   the unit ball has M >= 1/2. On a convex set the least such M of a function that is
   differentiable almost everywhere and locally Lipschitz is the essential supremum of its
   gradient's norm (measure theory that is not done here); networks over the seven are of this
   kind if their coefficients are C^1. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Expressivity Require Import vectors activations gates networks domains gated_relus t7.
Import ListNotations.
Open Scope R_scope.

(* ---- without a hypothesis ---- *)
(* A network with two groups is t7: its difference is 0-Lipschitz. *)
Theorem B5_t7_two_groups : exists f,
  member (with_groups 2 (over_seven smooth_gates type1 false 3 2)) f /\
  lipschitz_on 3 unit_ball 0 (fun x => t7 x - f x).
Proof. exists t7. split. apply T7_two_groups. now apply equal_lipschitz. Qed.

(* ---- the theorem ---- *)
(* B5, t7. If f is a type1 network over the seven with one group, of any width and kind (fixed,
   LA, MoA or with any differentiable gates), hidden biases on or off, and t7 - f is M-Lipschitz
   on the unit ball, then M >= 1/2: half the least, over (a1, a2) != 0, of the largest value of
   abs(a1 x3 + a2) on L = {x1 = x2 = 0} over abs(a1) + abs(a2). *)
Theorem B5_t7 kd b m f M : member (over_seven kd type1 b 3 m) f ->
  lipschitz_on 3 unit_ball M (fun x => t7 x - f x) -> 1 / 2 <= M.
Proof.
  intros Hf HM. apply (lipschitz_ext 3 _ _ _ (fun x => gated_relus (units maps_t7) x - f x)) in HM.
  2: { intros x Lx. now rewrite t7_units. }
  destruct (two_planes unit_ball M kd b m f 0 0 ([0; 0; 1], 0) ([0; 0; 0], 1) ltac:(lra)
    eq_refl eq_refl Hf HM) as [a1 [a2 [Ha H]]].
  destruct (Rle_dec (1 / 2) M) as [|N]; auto. exfalso.
  set (r := (1 + Rmax (2 * M) 0) / 2). pose proof (Rmax_l (2 * M) 0). pose proof (Rmax_r (2 * M) 0).
  assert (Rmax (2 * M) 0 < 1) by (apply Rmax_lub_lt; lra).
  assert (B : 0 < r /\ r < 1 /\ 2 * M < r) by (unfold r; lra).
  assert (U : forall u, u * u < 1 -> around unit_ball [0; 0; u]).
  { intros u Hu. apply around_unit_ball. unfold unit_ball. simpl. lra. }
  pose proof (H r (U r ltac:(nra))) as A1. pose proof (H (- r) (U (- r) ltac:(nra))) as A2.
  rewrite !affine_at_3 in A1, A2. apply Rabs_le_between in A1. apply Rabs_le_between in A2.
  assert (K : Rabs a1 * r + Rabs a2 <= 2 * M * (Rabs a1 + Rabs a2)).
  { unfold Rabs at 1 2. destruct (Rcase_abs a1), (Rcase_abs a2); lra. }
  pose proof (Rabs_pos a1). pose proof (Rabs_pos a2).
  destruct Ha as [Z|Z]; apply Rabs_pos_lt in Z; nra.
Qed.
