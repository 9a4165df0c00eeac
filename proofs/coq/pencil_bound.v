(* B5 on t7 and t7b: gradient bounds against every type1 network with one group, at every width.

   The bounds are stated for Lipschitz constants: an f whose difference from t7 is M-Lipschitz
   on the unit ball has M >= 1/2. On a convex set the least such M of a function that is
   differentiable almost everywhere and locally Lipschitz is the essential supremum of its
   gradient's norm (measure theory that is not done here); networks over the seven are of this
   kind if their coefficients are C^1. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Expressivity Require Import vectors activations gates networks domains target_amplitude.
From Expressivity Require Import gated_relus pencil two_planes t7.
Import ListNotations.
Open Scope R_scope.

(* ---- without a hypothesis ---- *)
(* A network with two groups is t7: its difference is 0-Lipschitz. *)
Theorem B5_t7_two_groups : exists f,
  member (with_groups 2 (over_seven smooth_gates type1 false 3 2)) f /\
  lipschitz_on 3 unit_ball 0 (fun x => t7 x - f x).
Proof. exists t7. split. apply T7_two_groups. now apply equal_lipschitz. Qed.

(* ---- the theorems ---- *)
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

(* B5, t7b. The same for t7b in the plane: M >= 1/25. Six jumps, at three points on two lines
   each, differ by at most 2 M from products a_i kappa(p), and the two products of the cocycle,
   sqrt 2 and 3/2 sqrt 2, would meet. *)
Theorem B5_t7b kd b m f M : member (over_seven kd type1 b 2 m) f ->
  lipschitz_on 2 unit_ball M (fun x => t7b x - f x) -> 1 / 25 <= M.
Proof.
  intros Hf HM. apply (lipschitz_ext 2 _ _ _ (fun x => gated_relus (units maps_t7b) x - f x)) in HM.
  2: { intros x Lx. now rewrite t7b_units. }
  destruct (Rle_dec (1 / 25) M) as [|N]; auto. exfalso.
  destruct (one_group unit_ball M (over_seven kd type1 b 2 m) seven_kinks f _ eq_refl eq_refl
    seven_kinked Hf HM) as [a [k B]].
  assert (U : forall x, unit_ball x -> around unit_ball x) by apply around_unit_ball.
  destruct (t7b_jumps unit_ball [0; 0] eq_refl) as [K1 [K2 _]].
  { apply U. unfold unit_ball. simpl. lra. }
  destruct (t7b_jumps unit_ball [1 / 2; 0] eq_refl) as [K1' [_ K3]].
  { apply U. unfold unit_ball. simpl. lra. }
  destruct (t7b_jumps unit_ball [0; 1 / 2] eq_refl) as [_ [K2' K3']].
  { apply U. unfold unit_ball. simpl. lra. }
  assert (N1 : norm [0; 1] = 1) by unit_norm. assert (N2 : norm [1; 0] = 1) by unit_norm.
  assert (N3 : norm [1; 1] <= 141422 / 100000).
  { unfold norm. simpl. replace (1 * 1 + (1 * 1 + 0)) with 2 by ring.
    rewrite <- (sqrt_Rsqr (141422 / 100000)) by lra. apply sqrt_le_1_alt. unfold Rsqr. lra. }
  assert (P3 : 0 <= norm [1; 1]) by apply sqrt_pos.
  pose proof (B [0; 1] 0 _ _ eq_refl (K1 ltac:(meets))) as B1.
  pose proof (B [0; 1] 0 _ _ eq_refl (K1' ltac:(meets))) as B2.
  pose proof (B [1; 0] 0 _ _ eq_refl (K2 ltac:(meets))) as B3.
  pose proof (B [1; 0] 0 _ _ eq_refl (K2' ltac:(meets))) as B4.
  pose proof (B [1; 1] (1 / 2) _ _ eq_refl (K3 ltac:(meets))) as B5.
  pose proof (B [1; 1] (1 / 2) _ _ eq_refl (K3' ltac:(meets))) as B6.
  rewrite affine_at_2, N1 in B1, B2. rewrite N2 in B3, B4.
  set (a1 := a [0; 1] 0) in *. set (a2 := a [1; 0] 0) in *. set (a3 := a [1; 1] (1 / 2)) in *.
  set (k12 := k [0; 0]) in *. set (k13 := k [1 / 2; 0]) in *. set (k23 := k [0; 1 / 2]) in *.
  assert (B3' : 2 * (M * norm [1; 1]) <= 2 * (1 / 25 * (141422 / 100000))) by nra.
  apply Rabs_le_between in B1, B2, B3, B4, B5, B6.
  assert (L1 : (a1 * k12) * (a2 * k23) <= 108 / 100 * (108 / 100)) by nra.
  assert (L2 : (a1 * k12) * (a2 * k23) * (a3 * k13) <=
    108 / 100 * (108 / 100) * (2 + 2 * (1 / 25 * (141422 / 100000)))) by nra.
  assert (R1 : 92 / 100 * (142 / 100) <= (a2 * k12) * (a1 * k13)) by nra.
  assert (R2 : 92 / 100 * (142 / 100) * (2 - 2 * (1 / 25 * (141422 / 100000))) <=
    (a2 * k12) * (a1 * k13) * (a3 * k23)) by nra.
  nra.
Qed.
