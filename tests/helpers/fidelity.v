(* Values of networks and expressions at rational points, for the tests that compare them. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Interval Require Import Tactic.
From Interval.Float Require Import Specific_stdz Specific_ops.
From Expressivity Require Import activations vectors gates networks.
Import ListNotations.
Open Scope R_scope.

(* Interval arithmetic over Coq's own integers. *)
Module Numbers := SpecificFloat StdZRadix2.
Module Intervals := IntervalTactic Numbers.
Import Intervals.

(* An entry of a table by group, side and number. *)
Definition look {A} (default : A) (table : list (list (list A))) (g s k : nat) : A :=
  nth k (nth s (nth g table []) []) default.

Lemma relu_abs z : relu z = (z + Rabs z) / 2.
Proof. unfold relu, Rmax, Rabs. destruct (Rle_dec z 0), (Rcase_abs z); lra. Qed.

Lemma relu2_abs z : relu2 z = ((z + Rabs z) / 2) ^ 2.
Proof. unfold relu2. now rewrite <- relu_abs. Qed.

Lemma leaky_relu_abs z : leaky_relu z = eta * z + (1 - eta) * ((z + Rabs z) / 2).
Proof. rewrite leaky_relu_eq, relu_abs. reflexivity. Qed.

(* A network at a point, down to its affine maps. *)
Ltac evaluate := cbv [network neuron_value combine_form look nth mix rows sum fold_right map
  map_of maps group out values length Nat.mul Nat.add constants gated gate_value scale logit seq
  one_hot Nat.eqb].

(* One of its maps has this value there. *)
Ltac at_value q := match goal with |- context [affine_at ?l ?x] =>
  replace (affine_at l x) with q by (cbv [affine_at dot fst snd]; lra) end.

(* What is left is rational. *)
Ltac exactly :=
  cbv [affine_at dot fst snd]; unfold relu, relu2, leaky_relu, ident, eta;
  repeat match goal with |- context [Rmax ?a ?b] =>
    (rewrite (Rmax_left a b) by lra) || (rewrite (Rmax_right a b) by lra) end; lra.

(* What is left is enclosed; the argument of each gelu is a number. *)
Ltac enclosed :=
  cbv [affine_at dot fst snd]; rewrite ?relu_abs, ?relu2_abs, ?leaky_relu_abs, ?tanh_eq;
  unfold ident, eta, silu, sigmoid, gelu, Phi, density;
  repeat match goal with |- context [RInt ?f 0 ?z] =>
    let H := fresh in integral_intro (RInt f 0 z) with (i_width (-20)) as H;
    let v := fresh in set (v := RInt f 0 z) in *; clearbody v end;
  interval with (i_prec 80).
