(* B1: where a target's gradient jumps, the gradient of every network of a class misses it.

   Python states B1 for the essential supremum of abs(grad(f - t)). Here f - t is M-Lipschitz
   about points of the segment, and the theorems bound M from below. On an open convex set a
   locally Lipschitz function is M-Lipschitz if its gradient is at most M almost everywhere: this
   step, from an essential supremum to a Lipschitz constant, is measure theory (Rademacher,
   Fubini) that is not done here. So the theorems below are B1 in the Lipschitz form.

   The bound against piecewise affine activations is in slope_staircase.v. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude gated_separation.
From Expressivity Require Import jump_bounds lines t1 t2 t4.
Import ListNotations.
Open Scope R_scope.

(* t - f is M-Lipschitz about each point of the open segment abs(x1) < R, x2 = 0. *)
Definition misses_by (M r : R) (t f : vec -> R) : Prop := forall a, -r < a < r ->
  lipschitz_about 2 M (fun x => t x - f x) [a; 0].

(* A bound for all a < r holds at r. *)
Lemma bound_at_end phi r M : 0 < r -> continuous phi r ->
  (forall a, 0 < a < r -> Rabs (phi a) <= M) -> Rabs (phi r) <= M.
Proof.
  intros Hr C H. apply (lim0_bound (fun h => phi (-1 * h + r))). 2: now apply lim0_continuous.
  exists r. split; auto. intros h Hh. apply H. lra.
Qed.

(* ---- t2 ---- *)
(* For every continuous g in place of tanh(lambda .): the jump of g(x1) ReLU(x2) changes by
   g(R) - g(-R), and LA type1 networks jump by constants. *)
Theorem ramp_bound g M r b m f : 0 < r -> (forall z, continuous g z) ->
  member (over_seven la type1 b 2 m) f ->
  misses_by M r (fun x => g (x1 x) * relu (x2 x)) f -> Rabs (g r - g (- r)) / 4 <= M.
Proof.
  intros Hr C Hf HM.
  assert (B : Rabs (g r - g (- r)) <= 4 * M); [|lra].
  apply (bound_at_end (fun a => g a - g (- a))); auto.
  { apply (continuous_minus (V := R_NormedModule) g (fun a => g (- a))). auto.
    apply (continuous_comp Ropp g); auto. apply ex_derive_continuous_R. auto_derive. auto. }
  intros a Ha.
  assert (N : forall a, -r < a < r -> near_at M (fun x => g (x1 x) * relu (x2 x)) f [0; 1] 0
    (fun x => g (x1 x)) [a; 0]).
  { intros c Hc. split; [|split]. apply on_axis. now apply HM. now apply ramp_continuous. }
  rewrite <- (Rmult_1_r M), <- norm_e2.
  apply (two_point_bound M (over_seven la type1 b 2 m) seven_kinks f
    (fun x => g (x1 x) * relu (x2 x)) [0; 1] 0 (fun x => g (x1 x)) [a; 0] [- a; 0]);
    auto; try apply seven_kinked; try (simpl; lra); try (apply N; lra). apply ramp_jumps.
Qed.

(* ---- t1 and activations without a kink ---- *)
Lemma mix_scaled_0 c r ks : Forall (fun k => k = 0) ks -> mix c (map (Rmult r) ks) = 0.
Proof.
  intros Z. rewrite mix_scaled. revert c. induction Z as [|k ks -> _ IH]; intros c; simpl. ring.
  specialize (IH (fun k => c (S k))). lra.
Qed.

(* Networks of every form and kind over such activations do not kink. *)
Lemma amplitude_no_kink F D ks c weight N x : Forall (fun k => k = 0) ks ->
  amplitude F D ks c weight N x = 0.
Proof.
  intros Z. unfold amplitude. induction N as [|nu N IH]; simpl. ring.
  rewrite IH. unfold neuron_amplitude.
  destruct F; cbn [change]; rewrite ?mix_scaled_0 by auto; try ring.
  rewrite (mix_ext (rows _ (map _ ks)) (fun _ => 0)). rewrite mix_0. ring.
  intros k _. unfold rows. now apply mix_scaled_0.
Qed.

(* The smooth activations of the seven. *)
Lemma smooth_no_kink : Forall (fun s => kinked s 0) [relu2; gelu; silu; tanh].
Proof.
  repeat constructor; (apply kinked_relu2 || apply kinked_gelu || apply kinked_silu ||
    apply kinked_tanh).
Qed.

(* ---- without a hypothesis ---- *)
(* LA two_sided instead of type1: t2 is such a network, so its error is 0. *)
Theorem B1_t2_two_sided lambda b : exists f, member (over_seven la two_sided b 2 1) f /\
  forall r, misses_by 0 r (t2 lambda) f.
Proof.
  exists (t2 lambda). split. apply T2_two_sided. intros r a _. now apply lipschitz_about_equal.
Qed.

(* LA two_sided instead of one_sided: t4 is such a network. *)
Theorem B1_t4_two_sided lambda b : 0 < lambda -> exists f,
  member (over_seven la two_sided b 2 1) f /\ forall r, misses_by 0 r (t4 lambda) f.
Proof.
  intros Hl. exists (t4 lambda). split. now apply T4_two_sided. intros r a _.
  now apply lipschitz_about_equal.
Qed.

(* ReLU + ReLU^2 as one activation of the C^1 class: t1 is a network of width 1 over it. *)
Theorem B1_t1_joined b : exists f,
  member {| kind := fixed; neuron := type1; dictionary := [joined]; groups := 1; bias := b;
    dimension := 1; width := 1 |} f /\ lipschitz_about 1 0 (fun x => t1 x - f x) [0].
Proof.
  exists t1. split. apply T1_joined. now apply lipschitz_about_equal.
Qed.

(* ---- the theorems ---- *)
(* B1, t2. Every LA type1 network over the seven, at every width, hidden biases on or off, misses
   t2 about the segment abs(x1) < R of x2 = 0 by at least tanh(lambda R)/2; lambda, R > 0. *)
Theorem B1_t2 lambda r M b m f : 0 < lambda -> 0 < r ->
  member (over_seven la type1 b 2 m) f -> misses_by M r (t2 lambda) f ->
  tanh (lambda * r) / 2 <= M.
Proof.
  intros Hl Hr Hf HM.
  pose proof (ramp_bound (fun z => tanh (lambda * z)) M r b m f Hr) as B.
  assert (C : forall z, continuous (fun z => tanh (lambda * z)) z).
  { intros z. apply ex_derive_continuous_R, (ex_derive_comp tanh (fun z => lambda * z)).
    apply ex_derive_tanh. auto_derive. auto. }
  specialize (B C Hf HM). cbv beta in B. rewrite Ropp_mult_distr_r_reverse, tanh_opp in B.
  pose proof (Rle_abs (tanh (lambda * r) - - tanh (lambda * r))). lra.
Qed.

(* .. and for t2_g = g(lambda x1) ReLU(x2), g the sigmoid or a softmax component with K >= 2 and
   the other logits 0, by at least (g(lambda R) - g(-lambda R))/4, which is positive. *)
Definition softmax_component (K : nat) (z : R) : R := exp z / (exp z + INR (K - 1)).

Theorem B1_t2_gates lambda r M b m f g : 0 < lambda -> 0 < r ->
  (g = sigmoid \/ exists K, (2 <= K)%nat /\ g = softmax_component K) ->
  member (over_seven la type1 b 2 m) f ->
  misses_by M r (fun x => g (lambda * x1 x) * relu (x2 x)) f ->
  0 < (g (lambda * r) - g (- (lambda * r))) / 4 <= M.
Proof.
  intros Hl Hr Hg Hf HM. assert (P : 0 < lambda * r) by nra.
  assert (S : (forall z, ex_derive g z) /\ g (- (lambda * r)) < g (lambda * r)).
  { destruct Hg as [-> | [K [HK ->]]].
    - split. apply ex_derive_sigmoid. apply sigmoid_increasing. lra.
    - assert (0 < INR (K - 1)) by (apply lt_0_INR; lia). split.
      + intros z. unfold softmax_component. pose proof (exp_pos z). auto_derive. lra.
      + apply share_increasing; lra. }
  destruct S as [D L]. pose proof (ramp_bound (fun z => g (lambda * z)) M r b m f Hr) as B.
  assert (C : forall z, continuous (fun z => g (lambda * z)) z).
  { intros z. apply ex_derive_continuous_R, (ex_derive_comp g (fun z => lambda * z)); auto.
    auto_derive. auto. }
  specialize (B C Hf HM). cbv beta in B. rewrite Ropp_mult_distr_r_reverse in B.
  pose proof (Rle_abs (g (lambda * r) - g (- (lambda * r)))). lra.
Qed.

(* B1, t4. Every LA one_sided network over the seven, at every width, hidden biases on or off,
   misses t4 about the segment by at least R tanh(lambda R)/4. *)
Theorem B1_t4 lambda r M b m f : 0 < lambda -> 0 < r ->
  member (over_seven la one_sided b 2 m) f -> misses_by M r (t4 lambda) f ->
  r * tanh (lambda * r) / 4 <= M.
Proof.
  intros Hl Hr Hf HM. assert (B : Rabs (t4_jump lambda r) <= 4 * M).
  { apply bound_at_end; auto. apply t4_jump_continuous. intros a Ha.
    assert (0 <= t4_jump lambda a).
    { unfold t4_jump. pose proof (tanh_pos (lambda * a) ltac:(nra)). nra. }
    rewrite Rabs_pos_eq by auto. apply (t4_bound lambda M b m f a Hf).
    intros c Hc. apply HM. destruct Hc as [-> | [-> | ->]]; lra. }
  pose proof (Rle_abs (t4_jump lambda r)). unfold t4_jump in *. lra.
Qed.

(* B1, t1 and activations without a kink. Every network, of every form and kind and at every
   width, over activations of kink 0 (as C^1 ones: relu2, gelu, silu, tanh) misses t1 about 0 by
   at least 1/2. *)
Theorem B1_t1_smooth A f M : dimension A = 1%nat ->
  Forall (fun s => kinked s 0) (dictionary A) -> member A f ->
  lipschitz_about 1 M (fun x => t1 x - f x) [0] -> 1 / 2 <= M.
Proof.
  intros Hd HD [c [N Hf]] HM. set (ks := map (fun _ => 0) (dictionary A)).
  assert (HD' : Forall2 kinked (dictionary A) ks).
  { unfold ks. clear - HD. induction HD; simpl; constructor; auto. }
  assert (Z : Forall (fun k => k = 0) ks).
  { unfold ks. apply Forall_map, Forall_forall. auto. }
  assert (J : jumps_by t1 [1] 0 (fun _ => 1)).
  { apply (jumps_at_0 t1 joined); auto. apply jump_joined. }
  pose proof (amplitude_bound M A ks c N f t1 [1] 0 (fun _ => 1) [0] HD' Hf (eq_sym Hd)
    ltac:(simpl; lra) J) as B.
  unfold amplitude_on in B. rewrite amplitude_no_kink in B by auto.
  rewrite norm_1, Rabs_R1 in B. specialize (B (conj on_0 (conj HM (constant_along _ _ _)))).
  pose proof (Rle_abs (1 - 0)). lra.
Qed.
