(* Expressions: targets whose jumps are computed.

   An expression is made of affine maps with rational coefficients, of activations and absolute
   values of such maps, of sums, products and smooth functions. Across a hyperplane {n.x = h}
   that is rational as well its normal derivative jumps by an expression, too. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List QArith Qreals.
From Expressivity Require Import limits jumps activations vectors hyperplanes.
From Expressivity Require Import networks domains amplitude target_amplitude smooth_functions.
Import ListNotations.
Open Scope R_scope.

(* ---- rational vectors ---- *)
Definition real_vector (x : list Q) : vec := map Q2R x.
Definition rational_affine : Type := list Q * Q.
Definition real_map (l : rational_affine) : affine := (real_vector (fst l), Q2R (snd l)).

Fixpoint rational_dot (w x : list Q) : Q :=
  match w, x with a :: w', b :: x' => a * b + rational_dot w' x' | _, _ => 0 end%Q.

Lemma Q2R_0 : Q2R 0 = 0.
Proof. unfold Q2R. simpl. lra. Qed.

Lemma dot_real w : forall x, dot (real_vector w) (real_vector x) = Q2R (rational_dot w x).
Proof.
  induction w as [|a w IH]; intros [|b x]; simpl; rewrite ?Q2R_0; auto.
  now rewrite Q2R_plus, Q2R_mult, IH.
Qed.

Lemma Qeq_bool_R a b : Qeq_bool a b = true <-> Q2R a = Q2R b.
Proof.
  rewrite Qeq_bool_iff. split. apply Qeq_eqR. apply eqR_Qeq.
Qed.

(* Whether w = s n, written without a division: k w = m n, s = m/k. *)
Fixpoint proportional (k m : Q) (w n : list Q) : bool :=
  match w, n with
  | [], [] => true
  | a :: w', b :: n' => Qeq_bool (k * a) (m * b) && proportional k m w' n'
  | _, _ => false
  end.

Lemma proportional_iff k m w : Q2R k <> 0 -> forall n, proportional k m w n = true <->
  real_vector w = map (Rmult (Q2R m / Q2R k)) (real_vector n).
Proof.
  intros K. induction w as [|a w IH]; intros [|b n]; simpl; split; try easy.
  - rewrite andb_true_iff, Qeq_bool_R, IH, !Q2R_mult. intros [E ->]. f_equal.
    apply (Rmult_eq_reg_l (Q2R k)); auto. rewrite E. now field.
  - intros E. injection E as E E'. rewrite andb_true_iff, Qeq_bool_R, IH, !Q2R_mult.
    split; auto. rewrite E. now field.
Qed.

(* The size of w.n for a map that is 0 on {n.x = h}, and else 0: [across] for rational maps. *)
Definition rational_across (n : list Q) (h : Q) (l : rational_affine) : Q :=
  let (k, m) := (rational_dot n n, rational_dot (fst l) n) in
  if proportional k m (fst l) n && Qeq_bool (k * snd l) (- (m * h)) then Qabs.Qabs m else 0%Q.

Lemma Q2R_abs q : Q2R (Qabs.Qabs q) = Rabs (Q2R q).
Proof.
  destruct (Qlt_le_dec q 0) as [N|P].
  - rewrite (Qeq_eqR _ _ (Qabs.Qabs_neg q (Qlt_le_weak _ _ N))), Q2R_opp.
    apply Qlt_Rlt in N. rewrite Q2R_0 in N. now rewrite Rabs_left.
  - rewrite (Qeq_eqR _ _ (Qabs.Qabs_pos q P)). apply Qle_Rle in P. rewrite Q2R_0 in P.
    now rewrite Rabs_pos_eq.
Qed.

Lemma across_real n h l : 0 < dot (real_vector n) (real_vector n) ->
  across (real_vector n) (Q2R h) (real_map l) = Q2R (rational_across n h l).
Proof.
  intros N. rewrite dot_real in N. unfold across, rational_across.
  set (k := rational_dot n n) in *. set (m := rational_dot (fst l) n).
  assert (V : vanishes_on (real_vector n) (Q2R h) (real_map l) <->
    proportional k m (fst l) n && Qeq_bool (k * snd l) (- (m * h)) = true).
  { unfold vanishes_on, real_map. cbn [fst snd]. rewrite !dot_real. fold k m.
    rewrite andb_true_iff, proportional_iff, Qeq_bool_R, Q2R_opp, !Q2R_mult by lra.
    split; intros [E E']; split; auto.
    - rewrite E'. field. lra.
    - apply (Rmult_eq_reg_l (Q2R k)). rewrite E'. field. lra. lra. }
  unfold real_map in *. cbn [fst snd] in *. rewrite dot_real. fold m.
  destruct (vanishes_on_dec _ _ _) as [Y|Y]; destruct (_ && _)%bool; rewrite ?Q2R_0; auto.
  - symmetry. apply Q2R_abs.
  - destruct V as [V _]. now specialize (V Y).
  - destruct V as [_ V]. now specialize (V eq_refl).
Qed.

(* ---- expressions ---- *)
(* A function that kinks at 0 only. *)
Record kinked_function := {
  at_number : R -> R;
  kink : R;
  is_kinked : kinked at_number kink }.

Definition kinked_with s k (H : kinked s k) : kinked_function :=
  {| at_number := s; kink := k; is_kinked := H |}.
Definition a_relu := kinked_with relu 1 kinked_relu.
Definition a_relu2 := kinked_with relu2 0 kinked_relu2.
Definition a_leaky_relu := kinked_with leaky_relu (1 - eta) kinked_leaky_relu.

Lemma kinked_abs : kinked Rabs 2.
Proof.
  apply (kinked_ext (fun z => -1 * ident z + 2 * relu z)).
  - intros z. unfold ident. destruct (Rle_dec 0 z).
    rewrite relu_pos, Rabs_pos_eq; lra. rewrite relu_neg, Rabs_left; lra.
  - pose proof (kinked_plus _ _ _ _ (kinked_scal (-1) _ _ kinked_ident)
      (kinked_scal 2 _ _ kinked_relu)) as K.
    now replace (-1 * 0 + 2 * 1) with 2 in K by ring.
Qed.
Definition a_abs := kinked_with Rabs 2 kinked_abs.

Inductive expression :=
  | Affine (l : rational_affine)
  | Kinked (s : kinked_function) (l : rational_affine)
  | Sum (e f : expression)
  | Product (e f : expression)
  | Apply (s : smooth_function) (e : expression).

Fixpoint value (e : expression) (x : vec) : R :=
  match e with
  | Affine l => affine_at (real_map l) x
  | Kinked s l => at_number s (affine_at (real_map l) x)
  | Sum e f => value e x + value f x
  | Product e f => value e x * value f x
  | Apply s e => at_point s (value e x)
  end.

(* The maps whose zeros are kinks. *)
Fixpoint kink_maps (e : expression) : list rational_affine :=
  match e with
  | Affine _ => []
  | Kinked _ l => [l]
  | Sum e f | Product e f => kink_maps e ++ kink_maps f
  | Apply _ e => kink_maps e
  end.

(* The jump of the derivative along n across {n.x = h}, at its points x. *)
Fixpoint expression_jump (e : expression) (n : list Q) (h : Q) (x : vec) : R :=
  match e with
  | Affine _ => 0
  | Kinked s l => Q2R (rational_across n h l) * kink s
  | Sum e f => expression_jump e n h x + expression_jump f n h x
  | Product e f => value e x * expression_jump f n h x + expression_jump e n h x * value f x
  | Apply s e => derivative s (value e x) * expression_jump e n h x
  end.

Section Across.
Variables (n : list Q) (h : Q).
Let normal := real_vector n.
Hypothesis N : 0 < dot normal normal.

(* Off the kinks on other hyperplanes, that is how it jumps. *)
Lemma expression_jumps_at e x : on normal (Q2R h) x ->
  Forall (off normal (Q2R h) x) (map real_map (kink_maps e)) ->
  jump (fun u => value e (move x normal u)) (expression_jump e n h x).
Proof.
  intros Hx. destruct Hx as [L Hx]. assert (M : move x normal 0 = x) by now apply move_0.
  induction e as [l|s l|e IHe f IHf|e IHe f IHf|s e IHe]; cbn [value expression_jump kink_maps].
  - intros _. apply jump_of_derive, ex_derive_affine, L.
  - intros O. inversion O as [|? ? O' _]; subst. rewrite <- across_real by auto.
    rewrite <- (crossing_across normal (Q2R h) x) by (auto; now split). unfold crossing.
    apply (jump_ext (fun u => at_number s (dot (fst (real_map l)) normal * u +
      affine_at (real_map l) x))). intros; now rewrite affine_at_move.
    apply kinked_jump, is_kinked.
  - rewrite map_app, Forall_app. intros [O O']. apply jump_plus; auto.
  - rewrite map_app, Forall_app. intros [O O'].
    eapply jump_eq. apply jump_mult; auto. cbv beta. now rewrite M.
  - intros O. apply (jump_comp (at_point s)); auto. rewrite M. apply is_derivative.
Qed.

Theorem expression_jumps e :
  Forall (fun l => length (fst l) = length n) (kink_maps e) ->
  jumps_by (value e) normal (Q2R h) (expression_jump e n h).
Proof.
  intros H. exists (map real_map (kink_maps e)). split.
  - apply Forall_map. revert H. apply Forall_impl. intros l Hl. unfold normal, real_vector.
    simpl. unfold real_vector. now rewrite !map_length.
  - intros x Hx O. now apply expression_jumps_at.
Qed.
End Across.

(* ---- values and jumps are continuous ---- *)
Lemma lim0_comp F f l : continuous F l -> lim0 f l -> lim0 (fun u => F (f u)) (F l).
Proof.
  intros C Hf eps He.
  apply (proj1 (filterlim_locally (U := R_UniformSpace) F (F l)))
    with (eps := mkposreal eps He) in C.
  destruct C as [d Hd]. generalize (Hf d (cond_pos d)). apply small_imp. intros u _. apply Hd.
Qed.

Lemma value_continuous e x t : length x = length t ->
  lim0 (fun u => value e (move x t u)) (value e x).
Proof.
  intros L. induction e as [l|s l|e IHe f IHf|e IHe f IHf|s e IHe]; cbn [value].
  - apply (lim0_ext (fun u => dot (fst (real_map l)) t * u + affine_at (real_map l) x)).
    intros; now rewrite affine_at_move. apply (kinked_lim ident 0), kinked_ident.
  - apply (lim0_ext (fun u => at_number s (dot (fst (real_map l)) t * u +
      affine_at (real_map l) x))). intros; now rewrite affine_at_move.
    eapply kinked_lim, is_kinked.
  - now apply lim0_plus.
  - now apply lim0_mult.
  - apply lim0_comp; auto. apply ex_derive_continuous_R. eexists. apply is_derivative.
Qed.

Lemma expression_jump_continuous e n h x : length x = length n ->
  continuous_along (real_vector n) (expression_jump e n h) x.
Proof.
  intros L t Lt _. unfold real_vector in Lt. rewrite map_length in Lt.
  pose proof (fun e => value_continuous e x t ltac:(congruence)) as V.
  induction e as [l|s l|e IHe f IHf|e IHe f IHf|s e IHe]; cbn [expression_jump];
    repeat (apply lim0_plus || apply lim0_mult || apply lim0_const); auto.
  apply lim0_comp; auto. apply continuous_derivative.
Qed.
