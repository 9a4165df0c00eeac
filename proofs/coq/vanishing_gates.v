(* C2: tanh gates without gate bias: LA is not contained in MoA at any width.

   All gates vanish at the origin, so that a network is differentiable there whatever the
   hidden biases are, and O(|x|^3) without them in Type-II. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import domains at_origin orders_at_origin mixtures_at_origin.
From Expressivity Require Import constant_gates formulas.
Import ListNotations.
Open Scope R_scope.

(* ---- tanh gates without bias ---- *)
Lemma tanh_gates_vanish K d scaled c : of_kind (moa Tanh scaled false) K d c ->
  forall g side k, differentiable_at_0 d (c g side k) /\ big_o d 1 (c g side k).
Proof.
  intros [p [O ->]] g side k. destruct (O g side k) as [_ [L Z]]. specialize (Z eq_refl).
  assert (E : forall x, scale (p g side k) * tanh (dot (fst (logit (p g side k))) x) =
    gated Tanh K p g side k x).
  { intros x. unfold gated, gate_value, affine_at. now rewrite Z, Rplus_0_r. }
  split.
  - destruct (differentiable_scal d (scale (p g side k)) _ (differentiable_comp d tanh
      (fst (logit (p g side k))) L (ex_derive_tanh 0) tanh_0)) as [M [HM H]].
    exists M. split; auto. intros eps He. generalize (H eps He). apply near_0_imp.
    intros x _. now rewrite E.
  - destruct (big_o_mult d 0 1 _ _ (big_o_const d (scale (p g side k)))
      (big_o_kinked d tanh 0 (fst (logit (p g side k))) kinked_tanh tanh_0)) as [C H].
    exists C. revert H. apply near_0_imp. intros x _. now rewrite E.
Qed.

(* Every MoA network, of any form, is differentiable at 0 .. *)
Lemma C2_differentiable A scaled ks f : kind A = moa Tanh scaled false ->
  Forall2 kinked (dictionary A) ks -> member A f -> differentiable_at_0 (dimension A) f.
Proof.
  intros K HD [c [N [Hc [_ [_ E]]]]]. rewrite K in Hc.
  pose proof (tanh_gates_vanish _ _ _ _ Hc) as V.
  set (d := dimension A) in *. set (D := dictionary A) in *.
  assert (H : differentiable_at_0 d (network (neuron A) D c N)).
  { unfold network. clear E. induction N as [|nu N IH]; simpl. apply differentiable_0.
    apply differentiable_plus; auto. apply differentiable_scal. unfold neuron_value.
    set (z := map_of nu 0). set (y := map_of nu 1).
    assert (M : forall side l, differentiable_at_0 d (fun x =>
      mix (fun k => c (group nu) side k x) (values D (affine_at l x)))).
    { intros side l. apply (mixture_differentiable d D ks HD (c (group nu) side)).
      intros k _. apply V. }
    destruct (neuron A); cbn [combine_form]; auto.
    - apply differentiable_mult with (snd y); auto. apply tends_affine.
    - apply differentiable_mult with 0; auto. apply differentiable_tends, M.
    - apply (mixture_differentiable d D ks HD (fun k x =>
        rows (fun i => c (group nu) 0%nat i x) (values D (affine_at y x)) k)).
      intros k _. unfold rows, values.
      destruct (mixture_differentiable d D ks HD (fun l => c (group nu) 0%nat
        (k * length D + l)%nat) y (fun l _ => proj1 (V _ _ _))) as [L [HL H]].
      exists L. split; auto. intros eps He. generalize (H eps He). apply near_0_imp.
      intros x _. now rewrite map_length. }
  destruct H as [L [HL H]]. exists L. split; auto. intros eps He. generalize (H eps He).
  apply near_0_imp. intros x Hx. now rewrite E.
Qed.

(* .. and O(|x|^3) in Type-II without hidden biases. *)
Lemma C2_order A scaled ks f : kind A = moa Tanh scaled false -> neuron A <> type1 ->
  bias A = false -> Forall2 kinked (dictionary A) ks -> Forall (fun s => s 0 = 0) (dictionary A) ->
  member A f -> big_o (dimension A) 3 f.
Proof.
  intros K NF B HD Z [c [N [Hc [HN [_ E]]]]]. rewrite K in Hc.
  pose proof (tanh_gates_vanish _ _ _ _ Hc) as V.
  set (d := dimension A) in *. set (D := dictionary A) in *.
  assert (H : big_o d 3 (network (neuron A) D c N)).
  { unfold network. clear E. induction HN as [|nu N [_ [_ O]] _ IH]; simpl. apply big_o_0.
    apply big_o_plus; auto. apply (big_o_mult d 0 3). apply big_o_const. unfold neuron_value.
    assert (M0 : forall i, snd (map_of nu i) = 0).
    { intros i. unfold map_of. destruct (nth_in_or_default i (maps nu) ([], 0)) as [I| ->]; auto.
      rewrite Forall_forall in O. now apply O. }
    set (z := map_of nu 0) in *. set (y := map_of nu 1) in *.
    assert (M : forall side i, big_o d 2 (fun x =>
      mix (fun k => c (group nu) side k x) (values D (affine_at (map_of nu i) x)))).
    { intros side i. apply (mixture_big_o d D ks HD 1 (c (group nu) side)); auto.
      intros k _. apply V. }
    destruct (neuron A); cbn [combine_form].
    - tauto.
    - apply (big_o_mult d 2 1). apply M.
      destruct (big_o_kinked d ident 0 (fst y) kinked_ident eq_refl) as [C H]. exists C.
      revert H. apply near_0_imp. intros x _. unfold ident, affine_at.
      unfold y. now rewrite M0, Rplus_0_r.
    - apply big_o_weaken, (big_o_mult d 2 2); apply M.
    - apply (mixture_big_o d D ks HD 2 (fun k x =>
        rows (fun i => c (group nu) 0%nat i x) (values D (affine_at y x)) k)); auto. apply M0.
      intros k _. unfold rows, values.
      destruct (mixture_big_o d D ks HD 1 (fun l => c (group nu) 0%nat (k * length D + l)%nat) y
        Z (M0 1%nat) (fun l _ => proj2 (V _ _ _))) as [C H].
      exists C. revert H. apply near_0_imp. intros x _. now rewrite map_length. }
  destruct H as [C H]. exists C. revert H. apply near_0_imp. intros x Hx. now rewrite E.
Qed.

(* ---- the targets are neither ---- *)
Lemma relu_x1_not_differentiable d : ~ differentiable_at_0 (S d) relu_x1.
Proof.
  intros [L [HL H]]. destruct L as [|a L]; [discriminate|].
  destruct (H (1 / 4) ltac:(lra)) as [r [Hr B]].
  assert (E : forall h, Rabs h < r -> Rabs (relu h - a * h) <= 1 / 4 * Rabs h).
  { intros h Hh. specialize (B (ray d h) (length_ray d h)). rewrite norm1_ray in B.
    specialize (B Hh). unfold relu_x1, ray, x1 in B. simpl in B.
    rewrite dot_comm, dot_zeros in B. now rewrite Rplus_0_r in B. }
  pose proof (E (r / 2)) as P. pose proof (E (- (r / 2))) as Q.
  rewrite Rabs_Ropp, (Rabs_pos_eq (r / 2)) in * by lra.
  rewrite (relu_neg (- (r / 2))) in Q by lra. rewrite (relu_pos (r / 2)) in P by lra.
  specialize (P ltac:(lra)). specialize (Q ltac:(lra)).
  apply Rabs_le_between in P, Q. nra.
Qed.

Lemma x1_relu_x1_not_cubic d : ~ big_o (S d) 3 x1_relu_x1.
Proof.
  intros [C [r [Hr H]]]. pose proof (Rabs_pos C). pose proof (RRle_abs C).
  set (h := Rmin (r / 2) (1 / (2 * (Rabs C + 1)))).
  assert (P : 0 < 1 / (2 * (Rabs C + 1))) by (apply Rdiv_lt_0_compat; lra).
  assert (Hh : 0 < h) by (apply Rmin_glb_lt; lra).
  assert (Ha : h <= r / 2) by apply Rmin_l.
  assert (Hb : h <= 1 / (2 * (Rabs C + 1))) by apply Rmin_r.
  specialize (H (ray d h) (length_ray d h)). rewrite norm1_ray, (Rabs_pos_eq h) in H by lra.
  specialize (H ltac:(lra)). unfold x1_relu_x1, ray, x1 in H. simpl nth in H.
  rewrite relu_pos, Rabs_pos_eq in H by nra.
  apply (Rmult_le_compat_l (2 * (Rabs C + 1))) in Hb; [|lra].
  replace (2 * (Rabs C + 1) * (1 / (2 * (Rabs C + 1)))) with 1 in Hb by (field; lra).
  assert (B : C * h <= Rabs C * h) by (apply Rmult_le_compat_r; lra).
  replace (C * h ^ 3) with (C * h * (h * h)) in H by ring.
  assert (Q : C * h * (h * h) <= 1 / 2 * (h * h)) by (apply Rmult_le_compat_r; nra). nra.
Qed.

(* ---- without a hypothesis ---- *)
(* The gate bias must be off: with the gate tanh(1) and a = 1/tanh(1), ReLU(x1) is MoA of
   width 1 over ReLU. *)
Theorem C2_gate_bias d b : member (over (moa Tanh false true) type1 [relu] b (S d) 1) relu_x1.
Proof.
  set (p := fun _ _ _ : nat => {| scale := 1; logit := (zeros (S d), 1) |}).
  exists (gated Tanh 1 p), [{| group := 0; out := / tanh 1; maps := [(e1 d, 0)] |}].
  split; [|split; [|split]]; auto.
  - exists p. split; auto. intros g side k. split; auto. split. apply repeat_length. discriminate.
  - repeat constructor. apply length_e1.
  - intros x Hx. unfold network, neuron_value, gated, p, affine_at.
    cbn [sum fold_right out group over neuron dictionary combine_form map_of maps nth values map
      mix scale logit gate_value fst snd].
    rewrite dot_zeros, dot_e1, Rplus_0_l, !Rplus_0_r by auto. unfold relu_x1.
    field. pose proof (tanh_pos 1 ltac:(lra)). lra.
Qed.

(* ---- the theorem ---- *)
(* ReLU(x1) in type1 and in Type-II with hidden biases, x1 ReLU(x1) in Type-II without. *)
Definition C2_target (F : neuron_form) (b : bool) : vec -> R :=
  match F, b with type1, _ | _, true => relu_x1 | _, false => x1_relu_x1 end.
#[export] Hint Unfold C2_target : formulas.

(* C2. With tanh gates, gate bias off and scale off or on, every MoA network is differentiable
   at 0, and O(|x|^3) there in Type-II without hidden biases. So ReLU(x1) (type1, hidden biases
   on or off, and Type-II with hidden biases) and x1 ReLU(x1) (Type-II without) are LA of width
   1 and, on the unit ball, MoA of no width: for every d >= 1, and every dictionary that
   contains ReLU, otherwise any of the seven. *)
Theorem C2 F D b d : In relu D -> incl D seven ->
  (forall scaled m f, member (over (moa Tanh scaled false) F D b (S d) m) f ->
    differentiable_at_0 (S d) f /\ (F <> type1 -> b = false -> big_o (S d) 3 f)) /\
  member (over la F D b (S d) 1) (C2_target F b) /\
  (forall scaled m,
    outside unit_ball (over (moa Tanh scaled false) F D b (S d) m) (C2_target F b)).
Proof.
  intros I J. destruct (some_of_seven_kinked D J) as [ks HD].
  assert (Z : Forall (fun s => s 0 = 0) D).
  { apply Forall_forall. intros s Hs. now apply seven_at_0, J. }
  assert (H : forall scaled m f, member (over (moa Tanh scaled false) F D b (S d) m) f ->
    differentiable_at_0 (S d) f /\ (F <> type1 -> b = false -> big_o (S d) 3 f)).
  { intros scaled m f Hf. split.
    - now apply (C2_differentiable _ scaled ks) in Hf.
    - intros NF B. now apply (C2_order _ scaled ks) in Hf. }
  split; [|split]; auto.
  - destruct F, b; simpl; apply relu_x1_member || apply x1_relu_x1_member; auto; discriminate.
  - intros scaled m g M E. destruct (H _ _ _ M) as [M1 M3]. cbn [over dimension] in E.
    apply (differentiable_equal _ _ _ E) in M1.
    destruct F, b; simpl in *; try (now apply relu_x1_not_differentiable in M1);
      apply (x1_relu_x1_not_cubic d), (big_o_equal _ _ _ _ E), M3; auto; discriminate.
Qed.
