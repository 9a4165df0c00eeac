(* Gates: functions of K logits, as the program has them. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Expressivity Require Import limits jumps activations.
From Expressivity Require Export sums.
Import ListNotations.
Open Scope R_scope.

Definition sigmoid (z : R) : R := 1 / (1 + exp (- z)).

Inductive gate := Sigmoid | Tanh | Softmax.

(* The k-th of K gates at these logits. *)
Definition gate_value (g : gate) (K : nat) (logits : nat -> R) (k : nat) : R :=
  match g with
  | Sigmoid => sigmoid (logits k)
  | Tanh => tanh (logits k)
  | Softmax => exp (logits k) / sum (fun i => exp (logits i)) (seq 0 K)
  end.

Lemma ex_derive_sum {A} (f : A -> R -> R) l u :
  (forall a, ex_derive (f a) u) -> ex_derive (fun u => sum (fun a => f a u) l) u.
Proof.
  intros D. induction l as [|a l IH]; simpl. apply ex_derive_const.
  apply (ex_derive_plus (f a)); auto.
Qed.

Lemma ex_derive_sigmoid z : ex_derive sigmoid z.
Proof. unfold sigmoid. pose proof (exp_pos (- z)). auto_derive. lra. Qed.

Lemma sigmoid_increasing y z : y < z -> sigmoid y < sigmoid z.
Proof.
  intros H. unfold sigmoid, Rdiv. pose proof (exp_pos (- y)). pose proof (exp_pos (- z)).
  assert (exp (- z) < exp (- y)) by (apply exp_increasing; lra).
  rewrite !Rmult_1_l. apply Rinv_lt_contravar; nra.
Qed.

(* A component of the softmax increases with its own logit. *)
Lemma share_increasing r y z : 0 < r -> y < z -> exp y / (exp y + r) < exp z / (exp z + r).
Proof.
  intros Hr H. pose proof (exp_pos y). pose proof (exp_pos z).
  assert (E : exp y < exp z) by now apply exp_increasing.
  assert (S : forall u, 0 < u -> u / (u + r) = 1 - r * / (u + r)) by (intros; field; lra).
  rewrite !S by auto. assert (/ (exp z + r) < / (exp y + r)) by (apply Rinv_lt_contravar; nra).
  nra.
Qed.

(* Gates of differentiable logits are differentiable. *)
Lemma ex_derive_gate g K (logits : nat -> R -> R) k u : (k < K)%nat ->
  (forall i, ex_derive (logits i) u) ->
  ex_derive (fun u => gate_value g K (fun i => logits i u) k) u.
Proof.
  intros HK D. destruct g; simpl.
  - apply (ex_derive_comp sigmoid); auto. apply ex_derive_sigmoid.
  - apply (ex_derive_comp tanh); auto. apply ex_derive_tanh.
  - assert (E : forall i, ex_derive (fun u => exp (logits i u)) u).
    { intros i. apply (ex_derive_comp exp); auto. eexists. apply is_derive_exp. }
    apply (ex_derive_div (fun u => exp (logits k u))); auto.
    + now apply (ex_derive_sum (fun i u => exp (logits i u))).
    + apply Rgt_not_eq, sum_pos. intros; apply exp_pos. destruct K; easy.
Qed.
