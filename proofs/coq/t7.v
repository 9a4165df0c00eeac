(* T7: ReLU-gated linear units are not inside MoA, type1; T7b: also in the plane. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude shared_amplitude pencil.
From Expressivity Require Import gated_relus two_planes formulas.
Import ListNotations.
Open Scope R_scope.

Definition t7 (x : vec) : R := x3 x * relu (x1 x) + relu (x2 x).
Definition t7_factors_without_bias (x : vec) : R :=
  x3 x * relu (x1 x - 1 / 2) + x1 x * relu (x2 x).
Definition t7b (x : vec) : R :=
  (1 + x1 x) * relu (x2 x) + relu (x1 x) + relu (x1 x + x2 x - 1 / 2).
#[export] Hint Unfold t7 t7_factors_without_bias t7b : formulas.

(* Their maps (w, v). *)
Definition maps_t7 := [(([1; 0; 0], 0), ([0; 0; 1], 0)); (([0; 1; 0], 0), ([0; 0; 0], 1))].
Definition maps_t7' :=
  [(([1; 0; 0], - (1 / 2)), ([0; 0; 1], 0)); (([0; 1; 0], 0), ([1; 0; 0], 0))].
Definition maps_t7b := [(([0; 1], 0), ([1; 0], 1)); (([1; 0], 0), ([0; 0], 1));
  (([1; 1], - (1 / 2)), ([0; 0], 1))].

(* Formulas of these functions, coordinate by coordinate. *)
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

(* ---- three lines of the plane ---- *)
(* t7b jumps across {x2 = 0}, {x1 = 0} and {x1 + x2 = 1/2}, by 1 + x1, 1 and, along (1, 1), 2. *)
Lemma t7b_jumps P p : length p = 2%nat -> around P p ->
  let known n h J := on n h p -> jump_known P (gated_relus (units maps_t7b)) n h J p in
  known [0; 1] 0 (affine_at ([1; 0], 1)) /\ known [1; 0] 0 (fun _ => 1) /\
  known [1; 1] (1 / 2) (fun _ => 2).
Proof.
  intros Lp Pp known. assert (OK : Forall (term_ok 2) (units maps_t7b)).
  { repeat constructor; apply smooth_affine. }
  assert (K : forall n h J, length n = 2%nat -> 0 < dot n n ->
    (forall x, length x = 2%nat -> gated_jump (units maps_t7b) n h x = J x) -> known n h J).
  { intros n h J L N E O. rewrite <- L in OK. split; auto.
    - destruct (gated_relus_jumps_by _ n h OK) as [S [LS H]]. exists S. split; auto.
      intros x Hx Sx. rewrite <- E. now apply H. destruct Hx. congruence.
    - intros t Lt Ot. rewrite <- E by auto. apply (lim0_ext (fun u =>
        gated_jump (units maps_t7b) n h (move p t u))).
      intros u _. apply E. rewrite length_move; congruence.
      apply gated_jump_continuous; auto. congruence. }
  assert (Z : forall n h l x, on n h x -> affine_at l x <> 0 -> across n h l = 0)
    by apply across_other.
  split; [|split]; apply K; auto; try (simpl; lra); intros x Lx; unfold gated_jump, units;
    cbn [maps_t7b map sum fold_right fst snd]; rewrite across_self by (simpl; lra).
  - rewrite (Z [0; 1] 0 ([1; 0], 0) [1; 0]), (Z [0; 1] 0 ([1; 1], - (1 / 2)) [1; 0])
      by (rewrite ?affine_at_2; (split; auto; simpl; lra) || lra). simpl. ring.
  - rewrite (Z [1; 0] 0 ([0; 1], 0) [0; 1]), (Z [1; 0] 0 ([1; 1], - (1 / 2)) [0; 1])
      by (rewrite ?affine_at_2; (split; auto; simpl; lra) || lra).
    destruct (vec_2 x Lx) as [a [b ->]]. simpl. rewrite !affine_at_2. ring.
  - rewrite (Z [1; 1] (1 / 2) ([0; 1], 0) [1 / 4; 1 / 4]),
      (Z [1; 1] (1 / 2) ([1; 0], 0) [1 / 4; 1 / 4])
      by (rewrite ?affine_at_2; (split; auto; simpl; lra) || lra).
    destruct (vec_2 x Lx) as [a [b ->]]. simpl. rewrite !affine_at_2. ring.
Qed.

(* Where the lines meet. *)
Ltac meets := (split; [reflexivity | simpl; lra]).

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
    destruct (t7b_jumps P [0; 0] eq_refl P12) as [K1 [K2 _]].
    destruct (t7b_jumps P [1 / 2; 0] eq_refl P13) as [K1' [_ K3]].
    destruct (t7b_jumps P [0; 1 / 2] eq_refl P23) as [_ [K2' K3']].
    apply (cocycle P _ seven_kinks _ [0; 1] [1; 0] [1; 1] 0 0 (1 / 2)
      (affine_at ([1; 0], 1)) (fun _ => 1) (fun _ => 2) [0; 0] [1 / 2; 0] [0; 1 / 2]);
      auto using seven_kinked; try (apply K1 || apply K1' || apply K2 || apply K2' || apply K3 ||
      apply K3'; meets). rewrite !affine_at_2. lra.
Qed.
