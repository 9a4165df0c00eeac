(* GELU has the sign of its argument: the normal distribution function is not negative.

   Phi(z) = 1/2 + the integral of the density from 0 to z, which must be shown to be at most
   1/2 in absolute value. With I(x) the integral of exp(-t^2/2) from 0 to x and G(x) that of
   exp(-x^2 (1 + t^2)/2)/(1 + t^2) over 0 < t < 1, the sum I^2 + 2 G has derivative 0; it is
   pi/2 at 0, and G is positive. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Expressivity Require Import limits activations.
Open Scope R_scope.

Definition bell (t : R) : R := exp (- (t ^ 2) / 2).
Definition kernel (x t : R) : R := exp (- (x ^ 2 * (1 + t ^ 2)) / 2) / (1 + t ^ 2).
Definition area (x : R) : R := RInt bell 0 x.
Definition kernel_area (x : R) : R := RInt (kernel x) 0 1.

(* An equation whose type is R under another name, as an equation of real numbers. *)
Ltac over_R := match goal with |- ?a = ?b => change (@eq R a b) end.

Lemma one_plus_square t : 0 < 1 + t ^ 2.
Proof. nra. Qed.

Lemma continuous_bell t : continuous bell t.
Proof. apply ex_derive_continuous_R. unfold bell. auto_derive. auto. Qed.

Lemma continuous_kernel x t : continuous (kernel x) t.
Proof.
  apply ex_derive_continuous_R. unfold kernel. pose proof (one_plus_square t).
  auto_derive. lra.
Qed.

Lemma ex_RInt_R (f : R -> R) a b : (forall t, continuous f t) -> ex_RInt f a b.
Proof. intros H. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). auto. Qed.

(* Constant factors and substitutions, over the real numbers. *)
Lemma RInt_scal_R (f : R -> R) a b c : (forall t, continuous f t) ->
  RInt (fun t => c * f t) a b = c * RInt f a b.
Proof. intros H. exact (RInt_scal (V := R_CompleteNormedModule) f a b c (ex_RInt_R f a b H)). Qed.

Lemma RInt_substitution (f : R -> R) u : (forall t, continuous f t) ->
  RInt (fun t => u * f (u * t + 0)) 0 1 = RInt f 0 u.
Proof.
  intros H. pose proof (RInt_comp_lin (V := R_CompleteNormedModule) f u 0 0 1
    (ex_RInt_R f _ _ H)) as E. rewrite Rmult_0_r, Rmult_1_r, !Rplus_0_r in E. exact E.
Qed.

Lemma is_derive_I x : is_derive area x (bell x).
Proof.
  apply (is_derive_RInt (V := R_NormedModule) bell area 0).
  - apply filter_forall. intros y. apply (RInt_correct (V := R_CompleteNormedModule)).
    apply ex_RInt_R, continuous_bell.
  - apply continuous_bell.
Qed.

(* The derivative of the kernel in x. *)
Definition kernel' (x t : R) : R := - x * exp (- (x ^ 2 * (1 + t ^ 2)) / 2).

Lemma is_derive_kernel x t : is_derive (fun x => kernel x t) x (kernel' x t).
Proof.
  unfold kernel, kernel'. pose proof (one_plus_square t). auto_derive. lra.
  change (x ^ 2) with (x * (x * 1)). change (t ^ 2) with (t * (t * 1)) in *.
  unfold Rdiv. field. lra.
Qed.

Lemma continuous_kernel' x t : continuity_2d_pt kernel' x t.
Proof.
  unfold kernel'. apply continuity_2d_pt_mult.
  - apply continuity_2d_pt_opp, continuity_2d_pt_id1.
  - apply (continuity_1d_2d_pt_comp exp).
    + apply derivable_continuous_pt, derivable_pt_exp.
    + apply (continuity_2d_pt_ext (fun u v => - / 2 * (u * u * (1 + v * v)))).
      intros; field.
      repeat apply continuity_2d_pt_mult || apply continuity_2d_pt_plus;
        apply continuity_2d_pt_const || apply continuity_2d_pt_id1 || apply continuity_2d_pt_id2.
Qed.

(* By the substitution t -> x t, the derivative of G is - exp(-x^2/2) I(x). *)
Lemma is_derive_G x : is_derive kernel_area x (- bell x * area x).
Proof.
  assert (D : forall y t, Derive (fun z => kernel z t) y = kernel' y t).
  { intros. apply is_derive_unique, is_derive_kernel. }
  replace (- bell x * area x) with (RInt (fun t => Derive (fun z => kernel z t) x) 0 1).
  - apply (is_derive_RInt_param kernel 0 1).
    + apply filter_forall. intros y t _. eexists. apply is_derive_kernel.
    + intros t _. apply (continuity_2d_pt_ext kernel'). intros; now rewrite D.
      apply continuous_kernel'.
    + apply filter_forall. intros y. apply ex_RInt_R, continuous_kernel.
  - unfold area. rewrite <- (RInt_substitution bell x) by apply continuous_bell.
    rewrite <- (RInt_scal_R (fun t => x * bell (x * t + 0))).
    + apply RInt_ext. intros t _. rewrite D. unfold kernel', bell.
      replace (- (x ^ 2 * (1 + t ^ 2)) / 2) with (- x ^ 2 / 2 + - (x * t + 0) ^ 2 / 2) by field.
      rewrite exp_plus. over_R. ring.
    + intros t. apply ex_derive_continuous_R. unfold bell. auto_derive. auto.
Qed.

Lemma G_0 : kernel_area 0 = PI / 4.
Proof.
  unfold kernel_area. rewrite (RInt_ext _ (fun t => / (1 + Rsqr t))).
  - assert (H : is_RInt (fun t => / (1 + Rsqr t)) 0 1 (minus (atan 1) (atan 0))).
    { apply (is_RInt_derive atan). intros; apply is_derive_atan. intros t _.
      apply ex_derive_continuous_R. unfold Rsqr. auto_derive. nra. }
    apply (is_RInt_unique (V := R_CompleteNormedModule)) in H. rewrite H, atan_1, atan_0.
    unfold minus, plus, opp. simpl. ring.
  - intros t _. unfold kernel, Rsqr. replace (- (0 ^ 2 * (1 + t ^ 2)) / 2) with 0 by field.
    rewrite exp_0. change (t ^ 2) with (t * (t * 1)).
    over_R. field. nra.
Qed.

Lemma G_pos x : 0 <= kernel_area x.
Proof.
  apply RInt_ge_0. lra. apply ex_RInt_R, continuous_kernel. intros t _. unfold kernel.
  apply Rlt_le, Rdiv_lt_0_compat. apply exp_pos. apply one_plus_square.
Qed.

Lemma I_bound x : area x ^ 2 <= PI / 2.
Proof.
  set (K := fun x => area x ^ 2 + 2 * kernel_area x).
  assert (D : forall x, is_derive K x 0).
  { intros y. replace 0 with (2 * bell y * area y + 2 * (- bell y * area y)) by ring.
    apply (is_derive_plus (K := R_AbsRing) (V := R_NormedModule) (fun x => area x ^ 2)).
    - replace (2 * bell y * area y) with (INR 2 * bell y * area y ^ 1) by (simpl; ring).
      apply (is_derive_pow area 2), is_derive_I.
    - apply (is_derive_scal kernel_area), is_derive_G. }
  assert (E : K x = K 0).
  { destruct (Rtotal_order x 0) as [H|[->|H]]; auto.
    - apply (eq_is_derive K x 0); auto.
    - symmetry. apply (eq_is_derive K 0 x); auto. }
  unfold K in E. rewrite G_0 in E. unfold area at 2 in E. rewrite RInt_point in E.
  unfold zero in E. simpl in E. pose proof (G_pos x). simpl. lra.
Qed.

Theorem Phi_not_negative z : 0 <= Phi z.
Proof.
  unfold Phi. set (q := RInt density 0 z).
  assert (S : 0 < sqrt (2 * PI)) by (apply sqrt_lt_R0; pose proof PI_RGT_0; lra).
  assert (E : q = / sqrt (2 * PI) * area z).
  { unfold q, area. rewrite <- RInt_scal_R by apply continuous_bell.
    apply RInt_ext. intros t _. unfold density, bell. over_R. field. lra. }
  assert (B : q ^ 2 <= 1 / 4).
  { pose proof (I_bound z) as H. pose proof PI_RGT_0 as P.
    replace (q ^ 2) with (area z ^ 2 * / (2 * PI)).
    - apply (Rmult_le_compat_r (/ (2 * PI))) in H. 2: apply Rlt_le, Rinv_0_lt_compat; lra.
      replace (PI / 2 * / (2 * PI)) with (1 / 4) in H by (field; lra). exact H.
    - rewrite E. rewrite <- (sqrt_sqrt (2 * PI)) at 1 by lra. field. lra. }
  nra.
Qed.
