(* Activations: the seven, and what the theorems ask of an activation.

   An activation kinks by k if it is differentiable but at 0, where it has slopes to both
   sides and its derivative jumps by k. So it is continuous, and has no kink but at 0. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Expressivity Require Import limits jumps.
Import ListNotations.
Open Scope R_scope.

Record kinked (s : R -> R) (k : R) : Prop := {
  smooth_off_0 : forall z, z <> 0 -> ex_derive s z;
  jump_at_0 : jump s k }.

(* ---- the seven ---- *)
Definition ident (z : R) := z.
Definition relu (z : R) := Rmax z 0.
Definition relu2 (z : R) := Rmax z 0 ^ 2.
Definition eta := 1 / 100.
Definition leaky_relu (z : R) := Rmax z (eta * z).
Definition density (t : R) := exp (- (t ^ 2) / 2) / sqrt (2 * PI).
Definition Phi (z : R) := 1 / 2 + RInt density 0 z.
Definition gelu (z : R) := z * Phi z.
Definition silu (z : R) := z / (1 + exp (- z)).

Definition seven : list (R -> R) := [ident; relu; relu2; leaky_relu; gelu; silu; tanh].
Definition seven_kinks : list R := [0; 1; 0; 1 - eta; 0; 0; 0].

(* ---- the calculus of kinks ---- *)
Lemma kinked_of_derive s : (forall z, ex_derive s z) -> kinked s 0.
Proof. intros D. split; auto. now apply jump_of_derive. Qed.

Lemma kinked_ext f g k : (forall z, f z = g z) -> kinked f k -> kinked g k.
Proof.
  intros E [D J]. split.
  - intros z Z. apply (ex_derive_ext f); auto.
  - now apply (jump_ext f).
Qed.

Lemma kinked_plus f g j k : kinked f j -> kinked g k -> kinked (fun z => f z + g z) (j + k).
Proof.
  intros [Df Jf] [Dg Jg]. split.
  - intros z Z. apply (ex_derive_plus f g); auto.
  - now apply jump_plus.
Qed.

Lemma kinked_scal c f k : kinked f k -> kinked (fun z => c * f z) (c * k).
Proof.
  intros [D J]. split.
  - intros z Z. apply (ex_derive_scal f); auto.
  - now apply jump_scal.
Qed.

(* What neurons need: s(w h + z) jumps at h = 0 by abs(w) k if z = 0, and otherwise not. *)
Lemma kinked_jump s k w z : kinked s k ->
  jump (fun h => s (w * h + z)) ((if Req_EM_T z 0 then Rabs w else 0) * k).
Proof.
  intros [D J]. destruct (Req_EM_T z 0) as [->|Z].
  - apply (jump_ext (fun h => s (w * h))). intros; f_equal; ring. now apply jump_linear.
  - apply (jump_eq _ 0); [|ring]. apply jump_of_derive.
    apply (ex_derive_comp s (fun h => w * h + z)); [|auto_derive; auto].
    rewrite Rmult_0_r, Rplus_0_l. now apply D.
Qed.

(* .. and tends to s(z). *)
Lemma kinked_lim s k w z : kinked s k -> lim0 (fun h => s (w * h + z)) (s z).
Proof.
  intros K. destruct (kinked_jump s k w z K) as [r [_ [H _]]]. apply slope_lim in H.
  rewrite Rmult_0_r, Rplus_0_l in H. revert H. apply lim0_ext. intros. now rewrite Rmult_1_l.
Qed.

Lemma kinks_length D ks : Forall2 kinked D ks -> length ks = length D.
Proof. intros H. induction H; simpl; congruence. Qed.

(* ---- the pieces of ReLU ---- *)
Lemma relu_pos z : 0 <= z -> relu z = z.
Proof. intros. unfold relu. now apply Rmax_left. Qed.

Lemma relu_neg z : z <= 0 -> relu z = 0.
Proof. intros. unfold relu. now apply Rmax_right. Qed.

Lemma relu2_eq z : relu2 z = relu z * relu z.
Proof. unfold relu2, relu. ring. Qed.

Lemma leaky_relu_eq z : leaky_relu z = eta * ident z + (1 - eta) * relu z.
Proof.
  unfold leaky_relu, relu, ident, eta, Rmax.
  destruct (Rle_dec z 0), (Rle_dec z (1 / 100 * z)); lra.
Qed.

Lemma ex_derive_relu z : z <> 0 -> ex_derive relu z.
Proof.
  intros Z. destruct (Rdichotomy z 0 Z) as [N|P].
  - apply (ex_derive_ext_loc (fun _ => 0)); [|apply ex_derive_const].
    exists (mkposreal (- z) ltac:(lra)). intros y Hy. apply Rabs_def2 in Hy.
    unfold minus, plus, opp in Hy; simpl in Hy. rewrite relu_neg; lra.
  - apply (ex_derive_ext_loc (fun y => y)); [|apply ex_derive_id].
    exists (mkposreal z P). intros y Hy. apply Rabs_def2 in Hy.
    unfold minus, plus, opp in Hy; simpl in Hy. rewrite relu_pos; lra.
Qed.

Lemma jump_relu : jump relu 1.
Proof.
  exists 1, 0. repeat split; try ring.
  - apply (lim0_ext (fun _ => 1)); [|apply lim0_const]. intros h Hh.
    rewrite !relu_pos by lra. field. lra.
  - apply (lim0_ext (fun _ => 0)); [|apply lim0_const]. intros h Hh.
    rewrite !relu_neg by lra. field. lra.
Qed.

(* ---- tanh ---- *)
Lemma tanh_eq z : tanh z = 1 - 2 / (exp (2 * z) + 1).
Proof.
  unfold tanh, sinh, cosh. replace (2 * z) with (z + z) by ring. rewrite exp_plus, exp_Ropp.
  pose proof (exp_pos z). field. repeat split; nra.
Qed.

Lemma ex_derive_tanh z : ex_derive tanh z.
Proof.
  apply (ex_derive_ext (fun z => 1 - 2 / (exp (2 * z) + 1))). intros; now rewrite tanh_eq.
  pose proof (exp_pos (2 * z)). auto_derive. lra.
Qed.

Lemma tanh_0 : tanh 0 = 0.
Proof. rewrite tanh_eq, Rmult_0_r, exp_0. lra. Qed.

Lemma tanh_opp z : tanh (- z) = - tanh z.
Proof.
  unfold tanh, sinh, cosh. rewrite Ropp_involutive.
  pose proof (exp_pos z). pose proof (exp_pos (- z)). field. lra.
Qed.

Lemma tanh_increasing x y : x < y -> tanh x < tanh y.
Proof.
  intros H. rewrite !tanh_eq. pose proof (exp_pos (2 * x)). pose proof (exp_pos (2 * y)).
  assert (exp (2 * x) < exp (2 * y)) by (apply exp_increasing; lra).
  assert (/ (exp (2 * y) + 1) < / (exp (2 * x) + 1)) by (apply Rinv_lt_contravar; nra).
  unfold Rdiv. lra.
Qed.

Lemma tanh_pos z : 0 < z -> 0 < tanh z.
Proof. intros. rewrite <- tanh_0. now apply tanh_increasing. Qed.

(* ---- GELU ---- *)
Lemma ex_derive_density t : ex_derive density t.
Proof.
  unfold density. auto_derive. pose proof (sqrt_lt_R0 (2 * PI)). pose proof PI_RGT_0. lra.
Qed.

Lemma is_derive_Phi z : is_derive Phi z (density z).
Proof.
  unfold Phi. rewrite <- (Rplus_0_l (density z)).
  apply (is_derive_plus (K := R_AbsRing) (V := R_NormedModule) (fun _ => 1 / 2)).
  apply (is_derive_const (V := R_NormedModule)).
  apply (is_derive_RInt (V := R_NormedModule) density (fun y => RInt density 0 y) 0).
  - apply filter_forall. intros y. apply (RInt_correct (V := R_CompleteNormedModule)).
    apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros t _.
    apply ex_derive_continuous_R, ex_derive_density.
  - apply ex_derive_continuous_R, ex_derive_density.
Qed.

Lemma ex_derive_gelu z : ex_derive gelu z.
Proof.
  apply (ex_derive_mult (fun z => z) Phi). apply ex_derive_id.
  exists (density z). apply is_derive_Phi.
Qed.

(* ---- kinks of the seven ---- *)
Lemma kinked_ident : kinked ident 0.
Proof. apply kinked_of_derive. intros. apply ex_derive_id. Qed.

Lemma kinked_relu : kinked relu 1.
Proof. split. apply ex_derive_relu. apply jump_relu. Qed.

Lemma kinked_relu2 : kinked relu2 0.
Proof.
  apply (kinked_ext (fun z => relu z * relu z)). intros; now rewrite relu2_eq. split.
  - intros z Z. apply (ex_derive_mult relu relu); now apply ex_derive_relu.
  - apply (jump_eq _ (relu 0 * 1 + 1 * relu 0)); [|rewrite relu_pos; lra].
    apply jump_mult; apply jump_relu.
Qed.

Lemma kinked_leaky_relu : kinked leaky_relu (1 - eta).
Proof.
  apply (kinked_ext (fun z => eta * ident z + (1 - eta) * relu z)).
  intros; now rewrite leaky_relu_eq.
  pose proof (kinked_plus _ _ _ _ (kinked_scal eta _ _ kinked_ident)
    (kinked_scal (1 - eta) _ _ kinked_relu)) as K.
  now replace (eta * 0 + (1 - eta) * 1) with (1 - eta) in K by ring.
Qed.

Lemma kinked_gelu : kinked gelu 0.
Proof. apply kinked_of_derive, ex_derive_gelu. Qed.

Lemma kinked_silu : kinked silu 0.
Proof.
  apply kinked_of_derive. intros z. unfold silu. pose proof (exp_pos (- z)). auto_derive. lra.
Qed.

Lemma kinked_tanh : kinked tanh 0.
Proof. apply kinked_of_derive, ex_derive_tanh. Qed.

Lemma seven_kinked : Forall2 kinked seven seven_kinks.
Proof.
  repeat constructor; apply kinked_ident || apply kinked_relu || apply kinked_relu2 ||
    apply kinked_leaky_relu || apply kinked_gelu || apply kinked_silu || apply kinked_tanh.
Qed.

(* ---- dictionaries of some of the seven ---- *)
Lemma some_of_seven_kinked D : incl D seven -> exists ks, Forall2 kinked D ks.
Proof.
  induction D as [|s D IH]; intros I. now exists [].
  destruct (IH (fun r J => I r (or_intror J))) as [ks H].
  assert (K : exists k, kinked s k).
  { destruct (I s (or_introl eq_refl)) as [<-|[<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]]; eexists.
    apply kinked_ident. apply kinked_relu. apply kinked_relu2. apply kinked_leaky_relu.
    apply kinked_gelu. apply kinked_silu. apply kinked_tanh. }
  destruct K as [k K]. exists (k :: ks). now constructor.
Qed.

(* Every activation is 0 at 0. *)
Lemma seven_at_0 s : In s seven -> s 0 = 0.
Proof.
  intros [<-|[<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]].
  - reflexivity.
  - apply relu_pos. lra.
  - rewrite relu2_eq, relu_pos; lra.
  - rewrite leaky_relu_eq, relu_pos by lra. unfold ident. ring.
  - apply Rmult_0_l.
  - unfold silu. field. rewrite Ropp_0, exp_0. lra.
  - apply tanh_0.
Qed.
