(* C1a: with positive gates and no scale, LA is not contained in MoA at width 1.

   A neuron has the sign of its arguments: it is 0 only where one of them is. ReLU(x1) is 0 for
   x1 < 0, so that one argument would be 0 there, hence everywhere. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import domains signs at_origin constant_gates formulas.
Import ListNotations.
Open Scope R_scope.

(* ---- gates ---- *)
Lemma positive_gate gt K l k : gt <> Tanh -> (k < K)%nat -> 0 < gate_value gt K l k.
Proof.
  intros G Hk. destruct gt; simpl; [|tauto|].
  - unfold sigmoid. pose proof (exp_pos (- l k)). apply Rdiv_lt_0_compat; lra.
  - apply Rdiv_lt_0_compat. apply exp_pos. apply sum_pos. intros; apply exp_pos.
    destruct K; [lia|easy].
Qed.

(* ReLU(x1) in type1, x1 ReLU(x1) in the other forms. *)
Definition C1_target (F : neuron_form) : vec -> R :=
  match F with type1 => relu_x1 | _ => x1_relu_x1 end.
#[export] Hint Unfold C1_target : formulas.

Lemma C1_target_ray F d h : C1_target F (ray d h) = argument F (relu h) h.
Proof.
  unfold C1_target, relu_x1, x1_relu_x1, x1, ray. destruct F; simpl; ring.
Qed.

Lemma affine_at_ray l d h : affine_at l (ray d h) = hd 0 (fst l) * h + snd l.
Proof.
  unfold affine_at, ray. destruct (fst l) as [|a w]; simpl. ring.
  rewrite dot_comm, dot_zeros. ring.
Qed.

Lemma ray_in_ball d h : Rabs h < 1 -> unit_ball (ray d h).
Proof.
  intros H. unfold unit_ball, ray. simpl. rewrite dot_zeros, Rplus_0_r.
  pose proof (Rsqr_abs h) as Q. unfold Rsqr in Q. pose proof (Rabs_pos h). nra.
Qed.

Lemma not_a_positive_neuron F D gt biased b d : gt <> Tanh -> sign_dictionary D ->
  outside unit_ball (over (moa gt false biased) F D b (S d) 1) (C1_target F).
Proof.
  intros G HD g [c [N [[p [O ->]] [_ [L E]]]]] Eq.
  cbn [over neuron dictionary dimension width] in *.
  destruct N as [|nu [|]]; try discriminate. set (K := size F (length D)) in *.
  set (c := gated gt K p) in *. set (f := fun h => neuron_value F D c nu (ray d h)).
  assert (Z : forall h, f h = 0 <->
    argument F (hd 0 (fst (map_of nu 0)) * h + snd (map_of nu 0))
      (hd 0 (fst (map_of nu 1)) * h + snd (map_of nu 1)) = 0).
  { intros h. rewrite <- !(affine_at_ray _ d). apply neuron_is_0; auto. intros side k Hk.
    unfold c, gated. destruct (O (group nu) side k) as [S _]. rewrite S, Rmult_1_l by auto.
    now apply positive_gate. }
  assert (V : forall h, Rabs h < 1 -> argument F (relu h) h = out nu * f h).
  { intros h Hh. rewrite <- (C1_target_ray F d), Eq, E; auto using length_ray, ray_in_ball.
    unfold network, f. simpl. ring. }
  assert (V1 : 0 < out nu * f (1 / 2)).
  { rewrite <- V, relu_pos by (try apply Rabs_def1; lra). destruct F; simpl; lra. }
  assert (Left : forall h, - 1 < h < 0 -> f h = 0).
  { intros h Hh. assert (T : out nu * f h = 0).
    { rewrite <- V, relu_neg by (try apply Rabs_def1; lra). destruct F; simpl; ring. }
    apply Rmult_integral in T. destruct T as [T|T]; auto. rewrite T in V1. lra. }
  assert (A : f (1 / 2) = 0).
  { apply Z. pose proof (proj1 (Z (-1/4)) (Left (-1/4) ltac:(lra))) as A1.
    pose proof (proj1 (Z (-1/2)) (Left (-1/2) ltac:(lra))) as A2.
    pose proof (proj1 (Z (-3/4)) (Left (-3/4) ltac:(lra))) as A3. clear - A1 A2 A3.
    set (a := hd 0 (fst (map_of nu 0))) in *. set (a' := hd 0 (fst (map_of nu 1))) in *.
    destruct F; cbn [argument] in *; [lra | | | ];
      apply Rmult_integral in A1, A2, A3; apply Rmult_eq_0_compat; lra. }
  rewrite A in V1. lra.
Qed.

(* ---- without a hypothesis ---- *)
(* For either sign of z one activation must be 0 at no such z: over ReLU alone, ReLU(x1) =
   2 sigmoid(0) ReLU(x1) is MoA of width 1. *)
Theorem C1a_relu_alone biased b d :
  member (over (moa Sigmoid false biased) type1 [relu] b (S d) 1) relu_x1.
Proof.
  set (p := fun _ _ _ : nat => {| scale := 1; logit := (zeros (S d), 0) |}).
  exists (gated Sigmoid 1 p), [{| group := 0; out := 2; maps := [(e1 d, 0)] |}].
  split; [|split; [|split]]; auto.
  - exists p. split; auto. intros g side k. split; auto. split; auto. apply repeat_length.
  - repeat constructor. apply length_e1.
  - intros x Hx. unfold network, neuron_value, gated, p, affine_at.
    cbn [sum fold_right out group over neuron dictionary combine_form map_of maps nth values map
      mix scale logit gate_value fst snd].
    rewrite dot_zeros, dot_e1, Rplus_0_l, !Rplus_0_r by auto. unfold relu_x1, sigmoid.
    rewrite Ropp_0, exp_0. field.
Qed.

(* Activations must have the sign of their argument: over ReLU, id and -id, with u = 0, ReLU(x1)
   is MoA of width 1. *)
Theorem C1a_minus_id biased b d :
  member (over (moa Sigmoid false biased) type1 [relu; ident; fun z => - z] b (S d) 1) relu_x1.
Proof.
  set (p := fun _ _ _ : nat => {| scale := 1; logit := (zeros (S d), 0) |}).
  exists (gated Sigmoid 3 p), [{| group := 0; out := 2; maps := [(e1 d, 0)] |}].
  split; [|split; [|split]]; auto.
  - exists p. split; auto. intros g side k. split; auto. split; auto. apply repeat_length.
  - repeat constructor. apply length_e1.
  - intros x Hx. unfold network, neuron_value, gated, p, affine_at.
    cbn [sum fold_right out group over neuron dictionary combine_form map_of maps nth values map
      mix scale logit gate_value fst snd].
    rewrite dot_zeros, dot_e1, Rplus_0_l, !Rplus_0_r by auto. unfold relu_x1, sigmoid, ident.
    rewrite Ropp_0, exp_0. field.
Qed.

(* ---- the theorem ---- *)
(* C1a. With sigmoid or softmax gates without scale, gate bias on or off: ReLU(x1) in type1 and
   x1 ReLU(x1) in the other three forms are LA networks of width 1 and, on the unit ball, no MoA
   networks of width 1, for every d >= 1, hidden biases on or off: over the seven, and over
   every dictionary with ReLU in which each activation s has s(0) = 0 and z s(z) >= 0 for all z,
   and for either sign of z one activation is 0 at no such z. *)
Theorem C1a F D b d : In relu D -> D = seven \/ sign_dictionary D ->
  member (over la F D b (S d) 1) (C1_target F) /\
  (forall gt biased, gt = Sigmoid \/ gt = Softmax ->
    outside unit_ball (over (moa gt false biased) F D b (S d) 1) (C1_target F)).
Proof.
  intros I H. assert (HD : sign_dictionary D).
  { destruct H as [->|H]; auto. apply seven_sign_dictionary. }
  split.
  - destruct F; [apply relu_x1_member | | |]; auto; apply x1_relu_x1_member; auto; discriminate.
  - intros gt biased G. apply not_a_positive_neuron; auto. destruct G as [->| ->]; discriminate.
Qed.
