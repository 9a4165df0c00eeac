(* T7: ReLU-gated linear units are not inside MoA, type1; T7b: also in the plane. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude shared_amplitude pencil.
From Expressivity Require Import gated_relus.
Import ListNotations.
Open Scope R_scope.

Definition t7 (x : vec) : R := x3 x * relu (x1 x) + relu (x2 x).
Definition t7_factors_without_bias (x : vec) : R :=
  x3 x * relu (x1 x - 1 / 2) + x1 x * relu (x2 x).
Definition t7b (x : vec) : R :=
  (1 + x1 x) * relu (x2 x) + relu (x1 x) + relu (x1 x + x2 x - 1 / 2).

(* Their maps (w, v). *)
Definition maps_t7 := [(([1; 0; 0], 0), ([0; 0; 1], 0)); (([0; 1; 0], 0), ([0; 0; 0], 1))].
Definition maps_t7' :=
  [(([1; 0; 0], - (1 / 2)), ([0; 0; 1], 0)); (([0; 1; 0], 0), ([1; 0; 0], 0))].
Definition maps_t7b := [(([0; 1], 0), ([1; 0], 1)); (([1; 0], 0), ([0; 0], 1));
  (([1; 1], - (1 / 2)), ([0; 0], 1))].

Ltac formula := let x := fresh in let L := fresh in
  intros x L; (destruct (vec_2 x L) as [? [? ->]] || destruct (vec_3 x L) as [? [? [? ->]]]);
  unfold t7, t7b, t7_factors_without_bias, gated_relus, x1, x2, x3, Rminus; simpl;
  rewrite ?affine_at_2, ?affine_at_3, ?Rmult_0_l, ?Rmult_1_l, ?Rplus_0_l, ?Rplus_0_r;
  ring.

Lemma t7_units x : length x = 3%nat -> gated_relus (units maps_t7) x = t7 x.
Proof. revert x. formula. Qed.

Lemma t7_units' x : length x = 3%nat ->
  gated_relus (units maps_t7') x = t7_factors_without_bias x.
Proof. revert x. formula. Qed.

Lemma t7b_units x : length x = 2%nat -> gated_relus (units maps_t7b) x = t7b x.
Proof. revert x. formula. Qed.

Ltac unit_norm := transitivity (sqrt 1); [unfold norm; f_equal; simpl; ring | apply sqrt_1].

(* ---- two planes of R^3 that meet ---- *)
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

(* ---- without a hypothesis ---- *)
(* Two groups are enough: each term has one differentiable coefficient of its own. *)
Theorem T7_two_groups b :
  member (with_groups 2 (over_seven smooth_gates type1 b 3 2)) t7.
Proof.
  refine (member_ext _ _ _ _ (smooth_gates_member 2 b 3
    (fun g => if (g =? 0)%nat then affine_at ([0; 0; 1], 0) else fun _ => 1)
    [(0%nat, ([1; 0; 0], 0)); (1%nat, ([0; 1; 0], 0))] _ _)). formula.
  - intros g. destruct (g =? 0)%nat. apply smooth_affine. apply smooth_const.
  - repeat constructor.
Qed.

(* The factors must differ: x3 ReLU(x1) + x3 ReLU(x2) has one coefficient, x3. *)
Theorem T7_equal_factors b :
  member (over_seven smooth_gates type1 b 3 2) (fun x => x3 x * relu (x1 x) + x3 x * relu (x2 x)).
Proof.
  refine (member_ext _ _ _ _ (smooth_gates_member 1 b 3 (fun _ => affine_at ([0; 0; 1], 0))
    [(0%nat, ([1; 0; 0], 0)); (0%nat, ([0; 1; 0], 0))] _ _)). formula.
  - intros g. apply smooth_affine.
  - repeat constructor.
Qed.

(* T7b with two groups, 1 + x1 the coefficient of one and 1 that of the other. *)
Theorem T7b_two_groups :
  member (with_groups 2 (over_seven smooth_gates type1 true 2 3)) t7b.
Proof.
  refine (member_ext _ _ _ _ (smooth_gates_member 2 true 2
    (fun g => if (g =? 0)%nat then affine_at ([1; 0], 1) else fun _ => 1)
    [(0%nat, ([0; 1], 0)); (1%nat, ([1; 0], 0)); (1%nat, ([1; 1], - (1 / 2)))] _ _)). formula.
  - intros g. destruct (g =? 0)%nat. apply smooth_affine. apply smooth_const.
  - repeat constructor; easy.
Qed.

(* ---- the theorems ---- *)
(* T7. t7(x) = x3 ReLU(x1) + ReLU(x2) is a one_sided ReLU network of width 2, and on no domain
   that contains an open set about a point of the line L = {x1 = x2 = 0} a type1 network over
   the seven with one group, of any width and of any kind: fixed, LA, MoA or with any
   differentiable gates; d = 3, hidden biases on or off. *)
Theorem T7 : member (reglu true 3 2) t7 /\
  forall P u kd b m, around P [0; 0; u] -> outside P (over_seven kd type1 b 3 m) t7.
Proof.
  split.
  - apply (member_ext (reglu true 3 2) _ _ t7_units), (reglu_member true 3 maps_t7).
    repeat constructor; easy.
  - intros P u kd b m Pu. apply (outside_ext P (over_seven kd type1 b 3 m) _ _ t7_units).
    apply (two_planes_outside P b m kd 0 0 _ _ u); auto; try lra.
    intros a1 a2 s Hs. rewrite !affine_at_3. intros H1 H2. assert (A : a1 * s = 0) by lra.
    apply Rmult_integral in A. destruct A as [->|]; [|tauto]. lra.
Qed.

(* T7-factors-without-bias. The same for x3 ReLU(x1 - 1/2) + x1 ReLU(x2), in which the second
   maps of the network have no bias, and the line {x1 = 1/2, x2 = 0}. *)
Theorem T7_factors_without_bias :
  (exists c N, represents (reglu true 3 2) c N t7_factors_without_bias /\
    Forall (fun nu => snd (map_of nu 1) = 0) N) /\
  forall P u kd b m, around P [1 / 2; 0; u] ->
    outside P (over_seven kd type1 b 3 m) t7_factors_without_bias.
Proof.
  split.
  - exists (one_hot 0), (unit_neurons maps_t7'). split. 2: now repeat constructor.
    apply (represents_ext (reglu true 3 2) _ _ _ _ t7_units'), (reglu_represents true 3 maps_t7').
    repeat constructor; easy.
  - intros P u kd b m Pu. apply (outside_ext P (over_seven kd type1 b 3 m) _ _ t7_units').
    apply (two_planes_outside P b m kd (1 / 2) _ _ _ u); auto.
    intros a1 a2 s Hs. rewrite !affine_at_3. intros H1 H2. assert (A : a1 * s = 0) by lra.
    apply Rmult_integral in A. destruct A as [->|]; [|tauto]. lra.
Qed.

(* T7b. t7b(x) = (1 + x1) ReLU(x2) + ReLU(x1) + ReLU(x1 + x2 - 1/2) is a one_sided ReLU network
   of width 3, and on no domain that contains open sets about (0, 0), (1/2, 0) and (0, 1/2) a
   type1 network over the seven with one group, of any width and kind, as in T7; d = 2. *)
Theorem T7b : member (reglu true 2 3) t7b /\
  forall P kd b m, around P [0; 0] -> around P [1 / 2; 0] -> around P [0; 1 / 2] ->
    outside P (over_seven kd type1 b 2 m) t7b.
Proof.
  split.
  - apply (member_ext (reglu true 2 3) _ _ t7b_units), (reglu_member true 2 maps_t7b).
    repeat constructor; easy.
  - intros P kd b m P12 P13 P23. apply (outside_ext P (over_seven kd type1 b 2 m) _ _ t7b_units).
    assert (OK : Forall (term_ok 2) (units maps_t7b)).
    { repeat constructor; apply smooth_affine. }
    assert (K : forall n h p, length n = 2%nat -> 0 < dot n n -> on n h p -> around P p ->
      jump_known P (gated_relus (units maps_t7b)) n h (gated_jump (units maps_t7b) n h) p).
    { intros n h p L N O Pp. rewrite <- L in OK. destruct O. split; auto. 2: now split.
      now apply gated_relus_jumps_by. now apply gated_jump_continuous. }
    apply (cocycle P _ seven_kinks _ [0; 1] [1; 0] [1; 1] 0 0 (1 / 2)
      (gated_jump (units maps_t7b) [0; 1] 0) (gated_jump (units maps_t7b) [1; 0] 0)
      (gated_jump (units maps_t7b) [1; 1] (1 / 2)) [0; 0] [1 / 2; 0] [0; 1 / 2]);
      auto using seven_kinked; try (apply K; auto; (split; auto; simpl; lra) || simpl; lra).
    unfold gated_jump. simpl.
    assert (S1 : across [0; 1] 0 ([0; 1], 0) = 1).
    { rewrite across_self; simpl; lra. }
    assert (S2 : across [1; 0] 0 ([1; 0], 0) = 1).
    { rewrite across_self; simpl; lra. }
    assert (S3 : across [1; 1] (1 / 2) ([1; 1], - (1 / 2)) = 2).
    { rewrite across_self; simpl; lra. }
    rewrite S1, S2, S3.
    assert (Z : forall n h l x, on n h x -> affine_at l x <> 0 -> across n h l = 0)
      by apply across_other.
    rewrite (Z [0; 1] 0 ([1; 0], 0) [1; 0]), (Z [0; 1] 0 ([1; 1], - (1 / 2)) [1; 0]),
      (Z [1; 0] 0 ([0; 1], 0) [0; 1]), (Z [1; 0] 0 ([1; 1], - (1 / 2)) [0; 1]),
      (Z [1; 1] (1 / 2) ([0; 1], 0) [1 / 4; 1 / 4]), (Z [1; 1] (1 / 2) ([1; 0], 0) [1 / 4; 1 / 4])
      by (rewrite ?affine_at_2; (split; auto; simpl; lra) || lra).
    rewrite !affine_at_2. lra.
Qed.
