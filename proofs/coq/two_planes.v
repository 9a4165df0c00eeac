(* Two planes of R^3 that meet, across which a sum of two gated ReLU jumps. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude shared_amplitude pencil.
From Expressivity Require Import gated_relus.
Import ListNotations.
Open Scope R_scope.

Ltac unit_norm := transitivity (sqrt 1); [unfold norm; f_equal; simpl; ring | apply sqrt_1].

(* If a function differs by an M-Lipschitz one from a sum of two gated ReLU, of x1 - h and x2,
   and is a type1 network with one group, some combination of the two factors, not trivial, is
   small on the line {x1 = h, x2 = 0}. *)
Lemma two_planes P M kd b m g h c v1 v2 : let f := gated_relus (units
    [(([1; 0; 0], c), v1); (([0; 1; 0], 0), v2)]) in
  c = - h -> length (fst v1) = 3%nat -> length (fst v2) = 3%nat ->
  member (over_seven kd type1 b 3 m) g -> lipschitz_on 3 P M (fun y => f y - g y) ->
  exists a1 a2, (a1 <> 0 \/ a2 <> 0) /\ forall u, around P [h; 0; u] ->
    Rabs (a1 * affine_at v1 [h; 0; u] + a2 * affine_at v2 [h; 0; u]) <=
      2 * M * (Rabs a1 + Rabs a2).
Proof.
  intros f Hc L1 L2 Hg HM. set (n := fun i : nat => if (i =? 0)%nat then [1; 0; 0] else [0; 1; 0]).
  set (k := fun i : nat => if (i =? 0)%nat then h else 0).
  set (J := fun i => gated_jump (units [(([1; 0; 0], c), v1); (([0; 1; 0], 0), v2)]) (n i) (k i)).
  destruct (pencil P M (over_seven kd type1 b 3 m) seven_kinks g f n k
    eq_refl seven_kinked Hg HM) as [a [[i [I Hi]] H]].
  { intros i. unfold n. now destruct (i =? 0)%nat. }
  simpl in I, H. exists (a 0%nat), (a 1%nat). split. destruct I as [<-|[<-|[]]]; auto.
  assert (OK : Forall (term_ok 3) (units [(([1; 0; 0], c), v1); (([0; 1; 0], 0), v2)])).
  { repeat constructor; auto; apply smooth_affine. }
  intros u Pu. specialize (H J [h; 0; u]).
  assert (N1 : norm (n 0%nat) = 1) by unit_norm.
  assert (N2 : norm (n 1%nat) = 1) by unit_norm.
  assert (O1 : on [1; 0; 0] h [h; 0; u]) by (split; auto; simpl; ring).
  assert (O2 : on [0; 1; 0] 0 [h; 0; u]) by (split; auto; simpl; ring).
  assert (J1 : J 0%nat [h; 0; u] = affine_at v1 [h; 0; u]).
  { unfold J, n, k, gated_jump. simpl. rewrite across_self by (simpl; lra).
    rewrite (across_other _ _ _ [h; 1; 0]). simpl. ring. split; auto; simpl; ring.
    rewrite affine_at_3. lra. }
  assert (J2 : J 1%nat [h; 0; u] = affine_at v2 [h; 0; u]).
  { unfold J, n, k, gated_jump. simpl. rewrite (across_other _ _ _ [h + 1; 0; 0]).
    rewrite across_self by (simpl; lra). simpl. ring. split; auto; simpl; ring.
    rewrite affine_at_3. lra. }
  rewrite J1, J2, N1, N2 in H.
  replace (Rabs (a 0%nat) + Rabs (a 1%nat)) with
    (Rabs (a 0%nat) * 1 + (Rabs (a 1%nat) * 1 + 0)) by ring.
  rewrite <- (Rplus_0_r (a 1%nat * _)). apply H. clear H.
  intros i' [<-|[<-|[]]]; (split; [simpl; lra | | | auto |]); auto.
  1, 3: now apply gated_relus_jumps_by.
  1, 2: now apply gated_jump_continuous.
Qed.

(* Two independent factors: the target is no such network. *)
Lemma two_planes_outside P b m kd h c v1 v2 u : let f := gated_relus (units
    [(([1; 0; 0], c), v1); (([0; 1; 0], 0), v2)]) in
  c = - h -> length (fst v1) = 3%nat -> length (fst v2) = 3%nat -> around P [h; 0; u] ->
  (forall a1 a2 s, s <> 0 ->
    a1 * affine_at v1 [h; 0; u] + a2 * affine_at v2 [h; 0; u] = 0 ->
    a1 * affine_at v1 [h; 0; u + s] + a2 * affine_at v2 [h; 0; u + s] = 0 ->
    a1 = 0 /\ a2 = 0) ->
  outside P (over_seven kd type1 b 3 m) f.
Proof.
  intros f Hc L1 L2 Pu Ind g Hg E. apply equal_lipschitz in E.
  destruct (two_planes P 0 kd b m g h c v1 v2 Hc L1 L2 Hg E) as [a1 [a2 [Ha H]]].
  assert (Z : forall u, around P [h; 0; u] ->
    a1 * affine_at v1 [h; 0; u] + a2 * affine_at v2 [h; 0; u] = 0).
  { intros w Pw. specialize (H w Pw). destruct (Req_dec (a1 * affine_at v1 [h; 0; w] +
      a2 * affine_at v2 [h; 0; w]) 0) as [|N]; auto. apply Rabs_pos_lt in N. lra. }
  destruct (small_exists _ (around_near P [h; 0; u] [0; 0; 1] eq_refl Pu)) as [s [Hs Ps]].
  replace (move [h; 0; u] [0; 0; 1] s) with [h; 0; u + s] in Ps
    by (unfold move; simpl; repeat f_equal; ring).
  destruct (Ind a1 a2 s ltac:(lra) (Z u Pu) (Z (u + s) Ps)). tauto.
Qed.
