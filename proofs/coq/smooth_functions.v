(* Functions that an expression may apply to anything, with their derivatives. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Expressivity Require Import limits activations gates.
Open Scope R_scope.

(* A function, with a derivative that is continuous. *)
Record smooth_function := {
  at_point : R -> R;
  derivative : R -> R;
  is_derivative : forall z, is_derive at_point z (derivative z);
  continuous_derivative : forall z, continuous derivative z }.

Lemma continuous_of_derive (f : R -> R) : (forall z, ex_derive f z) ->
  forall z, continuous f z.
Proof. intros D z. now apply ex_derive_continuous_R. Qed.

Definition smooth_exp : smooth_function.
Proof.
  refine {| at_point := exp; derivative := exp |}. apply is_derive_exp.
  apply continuous_of_derive. intros z. auto_derive. auto.
Defined.

Definition smooth_sin : smooth_function.
Proof.
  refine {| at_point := sin; derivative := cos |}. apply is_derive_sin.
  apply continuous_of_derive. intros z. auto_derive. auto.
Defined.

Definition smooth_cos : smooth_function.
Proof.
  refine {| at_point := cos; derivative := fun z => - sin z |}. apply is_derive_cos.
  apply continuous_of_derive. intros z. auto_derive. auto.
Defined.

Lemma is_derive_sigmoid z : is_derive sigmoid z (sigmoid z * (1 - sigmoid z)).
Proof. unfold sigmoid. pose proof (exp_pos (- z)). auto_derive. lra. field. lra. Qed.

Definition smooth_sigmoid : smooth_function.
Proof.
  refine {| at_point := sigmoid; derivative := fun z => sigmoid z * (1 - sigmoid z) |}.
  apply is_derive_sigmoid.
  apply continuous_of_derive. intros z. pose proof (ex_derive_sigmoid z). auto_derive. tauto.
Defined.

Lemma is_derive_tanh z : is_derive tanh z (1 - tanh z ^ 2).
Proof.
  apply (is_derive_ext (fun z => 1 - 2 / (exp (2 * z) + 1))). intros; now rewrite tanh_eq.
  rewrite tanh_eq. pose proof (exp_pos (2 * z)). auto_derive. lra. field. lra.
Qed.

Definition smooth_tanh : smooth_function.
Proof.
  refine {| at_point := tanh; derivative := fun z => 1 - tanh z ^ 2 |}. apply is_derive_tanh.
  apply continuous_of_derive. intros z. pose proof (ex_derive_tanh z). auto_derive. tauto.
Defined.

Definition smooth_silu : smooth_function.
Proof.
  refine {| at_point := silu;
    derivative := fun z => sigmoid z + z * (sigmoid z * (1 - sigmoid z)) |}.
  - intros z. unfold silu, sigmoid. pose proof (exp_pos (- z)). auto_derive. lra. field. lra.
  - apply continuous_of_derive. intros z. pose proof (ex_derive_sigmoid z). auto_derive. tauto.
Defined.

Definition smooth_gelu : smooth_function.
Proof.
  refine {| at_point := gelu; derivative := fun z => Phi z + z * density z |}.
  - intros z. unfold gelu. replace (Phi z) with (1 * Phi z) by ring.
    apply (is_derive_mult (fun z => z) Phi). apply (is_derive_id (K := R_AbsRing)).
    apply is_derive_Phi. intros; apply Rmult_comm.
  - apply continuous_of_derive. intros z. pose proof (ex_derive_density z).
    assert (ex_derive Phi z) by (exists (density z); apply is_derive_Phi). auto_derive. tauto.
Defined.

(* The power of number k + 1. *)
Definition smooth_power (k : nat) : smooth_function.
Proof.
  refine {| at_point := fun z => z ^ S k; derivative := fun z => IZR (Z.of_nat (S k)) * z ^ k |}.
  - intros z. rewrite <- INR_IZR_INZ.
    replace (INR (S k) * z ^ k) with (INR (S k) * 1 * z ^ pred (S k)) by (simpl pred; ring).
    apply (is_derive_pow (fun z => z)), (is_derive_id (K := R_AbsRing)).
  - apply continuous_of_derive. intros z. auto_derive. auto.
Defined.
