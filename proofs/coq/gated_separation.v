(* MoA against LA along {x2 = 0}: what the theorems T2 share.

   The targets are MoA networks of width 1 with w = e2, a logit of x1 for the gate of ReLU, and
   other logits 0. Along {x2 = 0} the gradient of an LA network jumps by a constant (L1), and
   that of the target by sum_k kink_k pi_k(x1). *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude shared_amplitude jump_lemma.
From Expressivity Require Import formulas.
Import ListNotations.
Open Scope R_scope.

(* The sum of the other six activations. *)
Definition other_six (z : R) : R :=
  ident z + relu2 z + leaky_relu z + gelu z + silu z + tanh z.

(* Gates of functions on R^d: of ReLU with the logit l g, in the group g, and scale 1, of the
   others with logit 0 and scale r. *)
Definition relu_gate (d : nat) (l : nat -> affine) (r : R) : nat -> nat -> nat -> gate_weights :=
  fun g _ k => if (k =? 1)%nat then {| scale := 1; logit := l g |}
               else {| scale := r; logit := (zeros d, 0) |}.

Lemma relu_gate_ok scaled biased d l r g side k : (scaled = false -> r = 1) ->
  map_ok d biased (l g) -> gate_ok d scaled biased (relu_gate d l r g side k).
Proof.
  intros Hr Hl. unfold relu_gate. destruct (k =? 1)%nat; split; auto.
  split; auto. apply repeat_length.
Qed.

(* In the plane, with one group. *)
Definition relu_gated gt l r : coefficients := gated gt 7 (relu_gate 2 (fun _ => l) r).

Lemma relu_gated_represents gt scaled biased l r b f :
  (scaled = false -> r = 1) -> map_ok 2 biased l ->
  (forall x, length x = 2%nat ->
    f x = network type1 seven (relu_gated gt l r) [neuron_e2 []] x) ->
  represents (over_seven (moa gt scaled biased) type1 b 2 1) (relu_gated gt l r)
    [neuron_e2 []] f.
Proof.
  intros Hr Hl E. split; [|split; [|split]]; auto.
  - exists (relu_gate 2 (fun _ => l) r). split; auto. intros g side k. now apply relu_gate_ok.
  - repeat constructor.
Qed.

(* The target is no LA network on the unit ball if its amplitude differs at two points of it. *)
Lemma amplitude_differs A c f : represents A c [neuron_e2 []] f ->
  neuron A = type1 -> dimension A = 2%nat -> dictionary A = seven -> groups A = 1%nat ->
  kappa seven_kinks c 0 [0; 0] <> kappa seven_kinks c 0 [1 / 2; 0] ->
  forall b m, outside unit_ball (over_seven la type1 b 2 m) f.
Proof.
  intros Hf HF Hd HD HG Ne b m.
  assert (K : Forall2 kinked (dictionary A) seven_kinks) by (rewrite HD; apply seven_kinked).
  apply (two_point_obstruction _ _ seven_kinks f [0; 1] 0
    (amplitude_on A seven_kinks c [neuron_e2 []] [0; 1] 0) [0; 0] [1 / 2; 0]);
    auto; try apply on_axis; try (apply around_unit_ball; unfold unit_ball); try (simpl; lra).
  - apply seven_kinked.
  - apply network_jumps_by; auto. simpl. lra.
  - now apply (network_amplitude_continuous A _ _ _ f).
  - now apply (network_amplitude_continuous A _ _ _ f).
  - rewrite !(type1_amplitude A seven_kinks c _ f) by auto.
    unfold shared_jump, group_amplitude. rewrite HG. cbn [seq sum fold_right].
    cbn [group neuron_e2 Nat.eqb]. rewrite across_e2. cbn [out neuron_e2]. lra.
Qed.

(* ---- the values of the gates ---- *)
Lemma affine_at_0 d x : affine_at (zeros d, 0) x = 0.
Proof. unfold affine_at. simpl. rewrite dot_zeros. ring. Qed.

(* The gate of ReLU and the others, by their form. *)
Definition relu_value gt z : R := match gt with
  | Sigmoid => sigmoid z | Tanh => tanh z | Softmax => exp z / (exp z + 6) end.
#[export] Hint Unfold other_six relu_value : formulas.
Definition other_value gt z : R := match gt with
  | Sigmoid => 1 / 2 | Tanh => 0 | Softmax => 1 / (exp z + 6) end.

Lemma relu_gate_value gt d l r g side k x : gated gt 7 (relu_gate d l r) g side k x =
  if (k =? 1)%nat then relu_value gt (affine_at (l g) x)
  else r * other_value gt (affine_at (l g) x).
Proof.
  unfold gated, gate_value, relu_gate, sum. cbn [seq fold_right Nat.eqb logit].
  destruct (k =? 1)%nat; cbn [scale logit]; rewrite ?affine_at_0, ?exp_0.
  - destruct gt; cbn [relu_value]; rewrite Rmult_1_l; auto. f_equal. ring.
  - destruct gt; cbn [other_value]; unfold sigmoid; rewrite ?Ropp_0, ?exp_0, ?tanh_0; auto;
      do 2 f_equal; ring.
Qed.

Lemma relu_gated_value gt l r g side k x : relu_gated gt l r g side k x =
  if (k =? 1)%nat then relu_value gt (affine_at l x) else r * other_value gt (affine_at l x).
Proof. apply relu_gate_value. Qed.

Lemma relu_gated_kappa gt l r x : kappa seven_kinks (relu_gated gt l r) 0 x =
  relu_value gt (affine_at l x) + r * other_value gt (affine_at l x) * (1 - eta).
Proof.
  unfold kappa, seven_kinks. cbn [mix]. rewrite !relu_gated_value. cbn [Nat.eqb]. ring.
Qed.

Lemma relu_gated_network gt l r x : length x = 2%nat ->
  network type1 seven (relu_gated gt l r) [neuron_e2 []] x =
  relu_value gt (affine_at l x) * relu (x2 x) +
    r * other_value gt (affine_at l x) * other_six (x2 x).
Proof.
  intros Hx. destruct (vec_2 x Hx) as [a [b ->]].
  unfold network, neuron_value, seven. cbn [sum fold_right combine_form values map mix].
  cbn [group neuron_e2]. rewrite !relu_gated_value. cbn [Nat.eqb out].
  cbn [map_of maps neuron_e2 nth]. rewrite affine_at_2.
  replace (0 * a + 1 * b + 0) with b by ring. unfold other_six, x2. simpl. ring.
Qed.

Lemma member_and_not_la gt scaled biased lambda r f : map_ok 2 biased ([lambda; 0], 0) ->
  (scaled = false -> r = 1) ->
  (forall x, length x = 2%nat -> f x = relu_value gt (lambda * x1 x) * relu (x2 x) +
    r * other_value gt (lambda * x1 x) * other_six (x2 x)) ->
  relu_value gt 0 + r * other_value gt 0 * (1 - eta) <>
  relu_value gt (lambda / 2) + r * other_value gt (lambda / 2) * (1 - eta) ->
  (forall b, member (over_seven (moa gt scaled biased) type1 b 2 1) f) /\
  (forall b m, outside unit_ball (over_seven la type1 b 2 m) f).
Proof.
  intros Hl Hr E Ne. set (l := ([lambda; 0], 0)).
  assert (V : forall x, length x = 2%nat -> affine_at l x = lambda * x1 x).
  { intros x Hx. destruct (vec_2 x Hx) as [a [b ->]].
    unfold l, x1. rewrite affine_at_2. simpl. ring. }
  assert (R : forall b, represents (over_seven (moa gt scaled biased) type1 b 2 1)
    (relu_gated gt l r) [neuron_e2 []] f).
  { intros b. apply relu_gated_represents; auto. intros x Hx.
    rewrite relu_gated_network, V; auto. }
  split. intros b. now exists (relu_gated gt l r), [neuron_e2 []].
  apply (amplitude_differs _ _ _ (R true)); auto.
  rewrite !relu_gated_kappa, !V by auto. cbn [x1 nth].
  rewrite Rmult_0_r. now replace (lambda * (1 / 2)) with (lambda / 2) by field.
Qed.
