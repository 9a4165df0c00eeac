(* Certificates: that a target is in no class of a kind follows from the jumps of an expression
   at a few rational points. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith QArith Qreals.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains target_amplitude shared_amplitude pencil jump_bounds.
From Expressivity Require Import smooth_functions expressions.
Import ListNotations.
Open Scope R_scope.

(* The hyperplane {n.x = h} and the point, both rational. *)
Definition plane : Type := list Q * Q.
Definition point : Type := list Q.

Definition jump_at (e : expression) (H : plane) (p : point) : R :=
  expression_jump e (fst H) (snd H) (real_vector p).

(* What is computed: that the expression and the plane are of R^d, and that the point is one of
   the plane and of the unit ball. *)
Definition usable (d : nat) (e : expression) (H : plane) (p : point) : bool :=
  forallb (fun l => length (fst l) =? d)%nat (kink_maps e) &&
  (length (fst H) =? d)%nat && (length p =? d)%nat &&
  negb (Qeq_bool (rational_dot (fst H) (fst H)) 0) &&
  Qeq_bool (rational_dot (fst H) p) (snd H) && negb (Qle_bool 1 (rational_dot p p)).

(* f is the function that the expression writes. *)
Definition written_by (d : nat) (e : expression) (f : vec -> R) : Prop :=
  forall x, length x = d -> value e x = f x.

Lemma usable_known d e f H p : written_by d e f -> usable d e H p = true ->
  length (real_vector (fst H)) = d /\
  jump_known unit_ball f (real_vector (fst H)) (Q2R (snd H))
    (expression_jump e (fst H) (snd H)) (real_vector p).
Proof.
  destruct H as [n h]. unfold usable. cbn [fst snd]. intros F U.
  rewrite !andb_true_iff, !Nat.eqb_eq, !negb_true_iff, forallb_forall, Qeq_bool_R in U.
  destruct U as [[[[[U D] L] N] O] B].
  assert (LN : length (real_vector n) = d) by (unfold real_vector; now rewrite map_length).
  assert (LP : length (real_vector p) = length n).
  { unfold real_vector. rewrite map_length. congruence. }
  assert (P : 0 < dot (real_vector n) (real_vector n)).
  { pose proof (dot_self (real_vector n)). rewrite dot_real in *. rewrite <- Q2R_0 in *.
    destruct (Req_dec (Q2R (rational_dot n n)) (Q2R 0)) as [E|E]; [|lra].
    apply Qeq_bool_R in E. congruence. }
  split; auto. split; auto.
  - apply (jumps_by_ext (value e)). intros x Lx. apply F. congruence.
    apply expression_jumps; auto. apply Forall_forall. intros l I. apply Nat.eqb_eq.
    rewrite D. now apply U.
  - split. congruence. now rewrite dot_real.
  - apply around_unit_ball. unfold unit_ball. rewrite dot_real. apply Rnot_le_lt. intros G.
    assert (T : Qle_bool 1 (rational_dot p p) = true); [|congruence].
    apply Qle_bool_iff, Rle_Qle. replace (Q2R 1) with 1; auto. unfold Q2R. simpl. lra.
  - now apply expression_jump_continuous.
Qed.

(* ---- LA ---- *)
Lemma usable_near d e f H p g : written_by d e f -> usable d e H p = true ->
  equal_on d unit_ball f g ->
  near_at 0 f g (real_vector (fst H)) (Q2R (snd H)) (expression_jump e (fst H) (snd H))
    (real_vector p).
Proof.
  intros F U E. destruct (usable_known d e f H p F U) as [L [N J O P C]].
  split; [|split]; auto. exists unit_ball. split; auto. rewrite L. now apply equal_lipschitz.
Qed.

(* Two points of a hyperplane at which the jumps differ: no type1 LA network over the seven, of
   any width, with or without hidden biases, is equal to the target on the unit ball (L1). *)
Theorem LA_certificate d e f H p q :
  written_by d e f -> usable d e H p = true -> usable d e H q = true ->
  jump_at e H p <> jump_at e H q ->
  forall b m, outside unit_ball (over_seven la type1 b d m) f.
Proof.
  intros F U V Ne b m g Hg E. destruct (usable_known d e f H p F U) as [L [N J _ _ _]].
  pose proof (two_point_bound 0 (over_seven la type1 b d m) seven_kinks g f _ _ _ _ _
    eq_refl eq_refl seven_kinked Hg L N J (usable_near d e f H p g F U E)
    (usable_near d e f H q g F V E)) as B.
  destruct (Req_dec (jump_at e H p - jump_at e H q) 0) as [Z|Z]. lra.
  apply Rabs_pos_lt in Z. unfold jump_at in Z. lra.
Qed.

(* The point q + u t. *)
Definition rational_move (q t : point) (u : Q) : point :=
  map (fun p => fst p + u * snd p)%Q (combine q t).

Lemma real_move q t u :
  real_vector (rational_move q t u) = move (real_vector q) (real_vector t) (Q2R u).
Proof.
  unfold rational_move, real_vector, move. revert t. induction q as [|a q IH]; intros [|b t]; auto.
  simpl. now rewrite Q2R_plus, Q2R_mult, IH.
Qed.

(* Three points q - t, q, q + t of a hyperplane at which the jumps have a second difference that
   is not 0: the target is no one_sided LA network over the seven, as above (as in T4). *)
Theorem one_sided_certificate d e f H q t :
  written_by d e f -> usable d e H q = true -> length t = d ->
  usable d e H (rational_move q t 1) = true -> usable d e H (rational_move q t (-1)) = true ->
  jump_at e H (rational_move q t 1) + jump_at e H (rational_move q t (-1)) <>
    2 * jump_at e H q ->
  forall b m, outside unit_ball (over_seven la one_sided b d m) f.
Proof.
  intros F U T V W Ne b m g Hg E. destruct (usable_known d e f H q F U) as [L [N J _ _ _]].
  pose proof (usable_near d e f H _ g F V E) as A. pose proof (usable_near d e f H _ g F W E) as B.
  assert (LT : length (real_vector t) = length (real_vector (fst H))).
  { rewrite L. unfold real_vector. now rewrite map_length. }
  unfold jump_at in Ne. rewrite real_move in A, B. rewrite !real_move in Ne.
  replace (Q2R 1) with 1 in * by (unfold Q2R; simpl; lra).
  replace (Q2R (-1)) with (- (1)) in * by (unfold Q2R; simpl; lra).
  pose proof (three_point_bound 0 (over_seven la one_sided b d m) seven_kinks g f _ _ _ _ _ _
    eq_refl eq_refl seven_kinked Hg L N J (usable_near d e f H q g F U E) LT A B) as Z.
  rewrite Rmult_0_l, Rmult_0_r in Z.
  match type of Z with Rabs ?z <= 0 => destruct (Req_dec z 0) as [Y|Y] end. lra.
  apply Rabs_pos_lt in Y. lra.
Qed.

(* ---- one group of coefficients, of any kind ---- *)
Definition product (l : list R) : R := fold_right Rmult 1 l.

Lemma product_app k l : product (k ++ l) = product k * product l.
Proof. induction k as [|a k IH]; simpl; [|rewrite IH]; ring. Qed.

(* Planes and points in turn, each point on the plane before it and on the plane after it, the
   last one on the first plane. *)
Definition cycle : Type := list (plane * point).

Definition next_planes (c : cycle) : list plane :=
  match map fst c with [] => [] | H :: l => l ++ [H] end.

Definition ahead (c : cycle) : list (plane * point) := combine (map fst c) (map snd c).
Definition behind (c : cycle) : list (plane * point) := combine (next_planes c) (map snd c).

Definition jumps_product e (l : list (plane * point)) : R :=
  product (map (fun q => jump_at e (fst q) (snd q)) l).

(* A cycle of hyperplanes: the jumps J_i(p_i) and the jumps J_(i+1)(p_i) have different products.
   Then no type1 network over the seven with one group, of any width and kind (fixed, LA, MoA, or
   with any differentiable gates), with or without hidden biases, is equal to the target on the
   unit ball. Two hyperplanes make a pencil (T7), three the cocycle (T7b). *)
Theorem cycle_certificate d e f c :
  written_by d e f ->
  forallb (fun q => usable d e (fst q) (snd q)) (ahead c ++ behind c) = true ->
  jumps_product e (ahead c) <> jumps_product e (behind c) ->
  forall kd b m, outside unit_ball (over_seven kd type1 b d m) f.
Proof.
  intros F U Ne kd b m g Hg E. apply Ne. apply equal_lipschitz in E.
  destruct (one_group unit_ball 0 (over_seven kd type1 b d m) seven_kinks g f eq_refl eq_refl
    seven_kinked Hg E) as [a [k B]].
  assert (J : forall l, (forall q, In q l -> In q (ahead c ++ behind c)) ->
    jumps_product e l = product (map (fun q : plane * point =>
      a (real_vector (fst (fst q))) (Q2R (snd (fst q))) * k (real_vector (snd q))) l)).
  { intros l I. unfold jumps_product. f_equal. apply map_ext_in. intros [H p] Q.
    rewrite forallb_forall in U. specialize (U _ (I _ Q)). cbn [fst snd] in *.
    destruct (usable_known d e f H p F U) as [L K].
    specialize (B _ _ _ _ L K). rewrite Rmult_0_l, Rmult_0_r in B. unfold jump_at.
    match type of B with Rabs ?z <= 0 => destruct (Req_dec z 0) as [Y|Y] end. lra.
    apply Rabs_pos_lt in Y. lra. }
  rewrite !J by (intros q I; apply in_app_iff; tauto).
  assert (S : forall (Hs : list plane) (ps : list point), length Hs = length ps ->
    product (map (fun q : plane * point =>
      a (real_vector (fst (fst q))) (Q2R (snd (fst q))) * k (real_vector (snd q)))
      (combine Hs ps)) =
    product (map (fun H : plane => a (real_vector (fst H)) (Q2R (snd H))) Hs) *
    product (map (fun p => k (real_vector p)) ps)).
  { induction Hs as [|H Hs IH]; intros [|p ps]; simpl; try discriminate; intros.
    ring. rewrite IH by congruence. ring. }
  assert (R : length (next_planes c) = length c).
  { unfold next_planes. destruct c as [|q c]; simpl; auto. rewrite app_length, map_length.
    simpl. apply Nat.add_comm. }
  unfold ahead, behind. rewrite !S by (rewrite ?R, !map_length; auto). f_equal.
  unfold next_planes. destruct (map fst c) as [|H l]; auto.
  rewrite map_app, product_app. simpl. ring.
Qed.
