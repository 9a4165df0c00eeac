(* T10: maxout of three maps is in no class of the four forms. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude formulas.
Import ListNotations.
Open Scope R_scope.

(* Maxout networks of three maps, sum_j a_j max(z_j1, z_j2, z_j3): without a dictionary. *)
Definition maxout3_neuron (nu : weights) (x : vec) : R :=
  Rmax (affine_at (map_of nu 0) x) (Rmax (affine_at (map_of nu 1) x) (affine_at (map_of nu 2) x)).

Definition maxout3_member (b : bool) (d m : nat) (f : vec -> R) : Prop :=
  exists N, length N = m /\
    Forall (fun nu => length (maps nu) = 3%nat /\ Forall (map_ok d b) (maps nu)) N /\
    forall x, length x = d -> f x = sum (fun nu => out nu * maxout3_neuron nu x) N.

Definition t10 (x : vec) : R := Rmax 0 (Rmax (x1 x) (x2 x)).
#[export] Hint Unfold t10 : formulas.

(* ---- the jump across x1 = 0: 1 for x2 < 0, 0 for x2 > 0 ---- *)
Definition e1 : vec := [1; 0].

Lemma on_e1 v : on e1 0 [0; v].
Proof. split; auto. simpl. ring. Qed.

Lemma on_e1_inv x : on e1 0 x -> exists v, x = [0; v].
Proof.
  intros [L E]. destruct (vec_2 x L) as [a [b ->]]. exists b. simpl in E. f_equal. lra.
Qed.

Definition t10_jump (x : vec) : R := if Rlt_dec (x2 x) 0 then 1 else 0.

Lemma t10_jumps_by : jumps_by t10 e1 0 t10_jump.
Proof.
  exists [([0; 1], 0)]. split. now constructor. intros x Hx S.
  destruct (on_e1_inv x Hx) as [v ->]. inversion S as [|? ? O _]; subst. clear S.
  assert (V : v <> 0).
  { destruct O as [[W _]|Z]. 2: { rewrite affine_at_2 in Z. intros ->. apply Z. ring. }
    simpl in W. injection W. intros A B. exfalso. lra. }
  unfold t10_jump, x2. simpl. destruct (Rlt_dec v 0) as [N|N].
  - apply (jump_ext relu). 2: apply jump_relu. intros u. unfold t10, x1, x2, move, relu. simpl.
    replace (0 + u * 1) with u by ring. replace (v + u * 0) with v by ring.
    max_cases.
  - apply (jump_ext (fun u => v + relu (1 * u + - v))).
    + intros u. unfold t10, x1, x2, move, relu. simpl.
      replace (0 + u * 1) with u by ring. replace (v + u * 0) with v by ring.
      max_cases.
    + pose proof (kinked_jump relu 1 1 (- v) kinked_relu) as K.
      destruct (Req_EM_T (- v) 0); [lra|]. rewrite Rmult_0_l in K.
      apply (jump_eq _ (0 + 0)); [|ring]. apply (jump_plus (fun _ => v)); auto.
      apply jump_const.
Qed.

Lemma t10_jump_continuous v : v <> 0 -> continuous_along e1 t10_jump [0; v].
Proof.
  intros V t Lt O. destruct (vec_2 t Lt) as [a [b ->]].
  assert (L : lim0 (fun u => u * b) (0 * b)) by (apply lim0_mult, lim0_const; apply lim0_id).
  rewrite Rmult_0_l in L. assert (P : 0 < Rabs v) by now apply Rabs_pos_lt.
  apply (lim0_ext_small (fun _ => t10_jump [0; v])). 2: apply lim0_const.
  generalize (L (Rabs v) P). apply small_imp. intros u _ K. rewrite Rminus_0_r in K.
  apply Rabs_def2 in K. unfold t10_jump, x2, move. simpl. unfold Rabs in K.
  destruct (Rlt_dec v 0), (Rlt_dec (v + u * b) 0), (Rcase_abs v); auto; lra.
Qed.

(* ---- gradients differ by 1/4 at least ---- *)
(* The amplitude of a network is continuous: at 0 it is near to the jump on both sides. *)
Lemma t10_bound P M A ks g : Forall2 kinked (dictionary A) ks -> dimension A = 2%nat ->
  around P [0; 0] -> member A g -> lipschitz_on 2 P M (fun x => t10 x - g x) -> 1 / 4 <= M.
Proof.
  intros HD Hd P0 [c [N Hg]] HM. set (J := amplitude_on A ks c N e1 0).
  assert (Ne : norm e1 = 1).
  { unfold norm, e1. simpl. replace (1 * 1 + (0 * 0 + 0)) with 1 by ring. apply sqrt_1. }
  assert (B : forall v, v <> 0 -> around P [0; v] -> Rabs (t10_jump [0; v] - J [0; v]) <= 2 * M).
  { intros v V Pv. rewrite <- (Rmult_1_r M), <- Ne.
    apply (amplitude_near P M A ks c N g t10); auto. simpl. lra. apply on_e1. now rewrite Hd.
    apply t10_jumps_by. now apply t10_jump_continuous. }
  assert (S : forall s, s = 1 \/ s = -1 -> Rabs (t10_jump [0; s] + - 1 * J [0; 0]) <= 2 * M).
  { intros s Hs. pose proof (around_near P [0; 0] [0; s] eq_refl P0) as Q.
    assert (E : forall u, move [0; 0] [0; s] u = [0; u * s]).
    { intros u. unfold move. simpl. f_equal; [|f_equal]; ring. }
    apply (lim0_bound (fun u => t10_jump [0; s] + - 1 * J (move [0; 0] [0; s] u))).
    - revert Q. apply small_imp. intros u Hu Q. rewrite E in *.
      replace (t10_jump [0; s]) with (t10_jump [0; u * s]).
      replace (_ + - 1 * _) with (t10_jump [0; u * s] - J [0; u * s]) by ring.
      apply B; auto. destruct Hs as [->| ->]; lra.
      unfold t10_jump, x2. simpl. destruct Hs as [->| ->];
        repeat destruct (Rlt_dec _ _); auto; lra.
    - apply lim0_plus. apply lim0_const. apply lim0_scal.
      apply (network_amplitude_continuous A ks c N g e1 0 [0; 0]); auto. simpl. ring. }
  pose proof (S 1 (or_introl eq_refl)) as S1. pose proof (S (-1) (or_intror eq_refl)) as S2.
  unfold t10_jump, x2 in S1, S2. simpl in S1, S2.
  destruct (Rlt_dec 1 0), (Rlt_dec (-1) 0); try lra.
  apply Rabs_le_between in S1. apply Rabs_le_between in S2. lra.
Qed.

(* ---- without a hypothesis ---- *)
(* Two maps are not enough: max(0, x1) is a fixed type1 network. *)
Theorem T10_two_maps b : member (over_seven fixed type1 b 2 1) (fun x => Rmax 0 (x1 x)).
Proof.
  exists (one_hot 1), [{| group := 0; out := 1; maps := [([1; 0], 0)] |}].
  split; [|split; [|split]]; auto.
  - exists 1%nat. split; auto. simpl. lia.
  - repeat constructor.
  - intros x Lx. destruct (vec_2 x Lx) as [a [c ->]]. unfold network, neuron_value, one_hot.
    cbn [sum fold_right over_seven neuron dictionary seven combine_form values map mix Nat.eqb].
    unfold map_of. cbn. rewrite affine_at_2. replace (1 * a + 0 * c + 0) with a by ring.
    unfold x1, relu. simpl. rewrite Rmax_comm. ring.
Qed.

(* Gates must be continuous: with [x1 > x2] for one neuron and [x1 <= x2] for the other, in two
   groups, max(0, x1, x2) is [x1 > x2] ReLU(x1) + [x1 <= x2] ReLU(x2). *)
Theorem T10_discontinuous_gates : exists c N,
  Forall (weights_ok (with_groups 2 (over_seven smooth_gates type1 false 2 2))) N /\
  forall x, length x = 2%nat -> t10 x = network type1 seven c N x.
Proof.
  exists (fun g _ k x => if (k =? 1)%nat then
      if Rlt_dec (x2 x) (x1 x) then if (g =? 0)%nat then 1 else 0
      else if (g =? 0)%nat then 0 else 1 else 0),
    [{| group := 0; out := 1; maps := [([1; 0], 0)] |};
     {| group := 1; out := 1; maps := [([0; 1], 0)] |}].
  split. repeat constructor.
  intros x Lx. destruct (vec_2 x Lx) as [a [c ->]]. unfold network, neuron_value.
  cbn [sum fold_right seven combine_form values map mix Nat.eqb group out].
  unfold map_of. cbn [maps nth]. rewrite !affine_at_2.
  replace (1 * a + 0 * c + 0) with a by ring. replace (0 * a + 1 * c + 0) with c by ring.
  unfold t10, x1, x2, relu. cbn [nth]. destruct (Rlt_dec c a);
    max_cases.
Qed.

(* A bound of 3/4 is too much: the affine network (x1 + x2)/2, of ident, differs from t10 by the
   largest of -(x1 + x2)/2 and +-(x1 - x2)/2, all of gradient sqrt(1/2). *)
Theorem T10_bound : exists f, member (over_seven fixed type1 false 2 1) f /\
  lipschitz_on 2 everywhere (sqrt (1 / 2)) (fun x => t10 x - f x) /\ sqrt (1 / 2) < 3 / 4.
Proof.
  exists (fun x => (x1 x + x2 x) / 2). split; [|split].
  - exists (one_hot 0), [{| group := 0; out := 1; maps := [([1 / 2; 1 / 2], 0)] |}].
    split; [|split; [|split]]; auto.
    + exists 0%nat. split; auto. simpl. lia.
    + repeat constructor.
    + intros x Lx. destruct (vec_2 x Lx) as [a [c ->]]. unfold network, neuron_value, one_hot.
      cbn [sum fold_right over_seven neuron dictionary seven combine_form values map mix Nat.eqb].
      unfold map_of. cbn. rewrite affine_at_2. unfold x1, x2, ident. simpl. field.
  - intros x t u Lx Lt _ _. destruct (vec_2 x Lx) as [p [q ->]], (vec_2 t Lt) as [a [c ->]].
    set (B := sqrt (1 / 2) * (Rabs u * norm [a; c])).
    assert (P : 0 <= B).
    { repeat apply Rmult_le_pos; try apply sqrt_pos. apply Rabs_pos. }
    assert (Q : B * B = 1 / 2 * ((u * u) * (a * a + c * c))).
    { unfold B. replace (_ * _) with (sqrt (1 / 2) * sqrt (1 / 2) * ((Rabs u * Rabs u) *
        (norm [a; c] * norm [a; c]))) by ring. unfold norm. rewrite !sqrt_sqrt.
      rewrite <- Rabs_mult, (Rabs_pos_eq (u * u)) by nra. simpl. ring. simpl. nra. lra. }
    assert (S : forall z, z * z <= B * B -> - B <= z <= B) by (intros; nra).
    assert (S1 : - B <= (u * a + u * c) / 2 <= B).
    { apply S. rewrite Q. pose proof (Rle_0_sqr (u * a - u * c)). unfold Rsqr in *. nra. }
    assert (S2 : - B <= (u * a - u * c) / 2 <= B).
    { apply S. rewrite Q. pose proof (Rle_0_sqr (u * a + u * c)). unfold Rsqr in *. nra. }
    clearbody B. unfold t10, x1, x2, move. simpl. apply Rabs_le. max_cases.
  - rewrite <- (sqrt_Rsqr (3 / 4)) by lra. apply sqrt_lt_1_alt. unfold Rsqr. lra.
Qed.

(* ---- the theorem ---- *)
(* T10. t10(x) = max(0, x1, x2) is a maxout network of width 1 with three maps, and on no domain
   that contains an open set about 0 a type1, one_sided, two_sided or quadratic network over the
   seven: fixed, LA, MoA or with any differentiable gates, of any width and number of groups,
   hidden biases off or on; d = 2. If f is such a network and t10 - f is M-Lipschitz there, then
   M >= 1/4: near 0 the gradient of f differs from that of t10 by at least 1/4. *)
Theorem T10 : (forall b, maxout3_member b 2 1 t10) /\
  (forall P kd F G b m, around P [0; 0] ->
    outside P (with_groups G (over_seven kd F b 2 m)) t10) /\
  forall P kd F G b m f M, around P [0; 0] -> member (with_groups G (over_seven kd F b 2 m)) f ->
    lipschitz_on 2 P M (fun x => t10 x - f x) -> 1 / 4 <= M.
Proof.
  split; [|split].
  - intros b. exists [{| group := 0; out := 1; maps := [([0; 0], 0); ([1; 0], 0); ([0; 1], 0)] |}].
    split; auto. split. repeat constructor.
    intros x Lx. destruct (vec_2 x Lx) as [a [c ->]]. unfold maxout3_neuron, map_of. simpl.
    rewrite !affine_at_2. unfold t10, x1, x2. simpl.
    replace (0 * a + 0 * c + 0) with 0 by ring. replace (1 * a + 0 * c + 0) with a by ring.
    replace (0 * a + 1 * c + 0) with c by ring. ring.
  - intros P kd F G b m P0 g Hg E. apply equal_lipschitz in E. set (A := with_groups G _) in *.
    pose proof (t10_bound P 0 A seven_kinks g seven_kinked eq_refl P0 Hg E). lra.
  - intros P kd F G b m f M P0. set (A := with_groups G _).
    exact (t10_bound P M A seven_kinks f seven_kinked eq_refl P0).
Qed.
