(* Tactics that prove what a certificate asks for. *)
Require Import Reals Lra.
(* Exported: the tactics work only where these two are imported. *)
From Coquelicot Require Export Coquelicot.
From Interval Require Export Tactic.
Require Import List QArith Qreals.
From Expressivity Require Import activations gates vectors networks smooth_functions expressions.
From Expressivity Require Import certificates.
From Expressivity Require Export interval_kernel.
Open Scope R_scope.

Lemma relu_abs z : relu z = (z + Rabs z) / 2.
Proof.
  destruct (Rle_dec 0 z). rewrite relu_pos, Rabs_pos_eq; lra. rewrite relu_neg, Rabs_left; lra.
Qed.

(* Values at rational points are rational numbers. *)
Lemma affine_rational l p :
  affine_at (real_map l) (real_vector p) = Q2R (Qred (rational_dot (fst l) p + snd l)).
Proof.
  unfold affine_at, real_map. cbn [fst snd]. rewrite dot_real, <- Q2R_plus. apply Qeq_eqR.
  symmetry. apply Qred_correct.
Qed.

Lemma different a b : a - b < 0 \/ 0 < a - b -> a <> b.
Proof. lra. Qed.

(* All definitions but those of the functions that are named in targets, and of numbers. *)
Ltac unfold_all := cbv -[IZR Rplus Rmult Ropp Rminus Rinv Rdiv Rabs pow exp sin cos tanh sigmoid
  relu relu2 leaky_relu gelu silu Phi density eta].

(* The expression and the target are the same but for what affine maps look like. *)
Ltac same := first [ reflexivity | lra | progress f_equal; same ].
Ltac same_function :=
  let x := fresh in let L := fresh in intros x L;
  (destruct (vec_2 x L) as [? [? ->]] || destruct (vec_3 x L) as [? [? [? ->]]]);
  unfold_all; same.

(* Enclosures of all integrals, which are the values of GELU, .. *)
Ltac enclose_integrals := repeat match goal with
  |- context [RInt (V := R_CompleteNormedModule) ?f ?a ?b] =>
  let r := constr:(RInt (V := R_CompleteNormedModule) f a b) in
  let H := fresh in integral_intro r with (i_prec 80) as H;
  revert H; generalize r; refine (fun (s : R) H => _) end.

(* .. and then of the difference. *)
Ltac differ e :=
  apply different; unfold e, jumps_product, ahead, behind, next_planes, jump_at;
  cbn [map combine app product fold_right fst snd expression_jump value];
  rewrite ?affine_rational; unfold_all; rewrite ?tanh_eq, ?leaky_relu_eq, ?relu2_eq, ?relu_abs;
  unfold sigmoid, silu, gelu, Phi, density, eta, ident;
  (left; enclose_integrals; interval with (i_prec 80)) ||
  (right; enclose_integrals; interval with (i_prec 80)).

Ltac certify_LA e H p q := apply (LA_certificate _ e _ H p q);
  [same_function | reflexivity | reflexivity | differ e].
Ltac certify_one_sided e H q t := apply (one_sided_certificate _ e _ H q t);
  [same_function | reflexivity | reflexivity | reflexivity | reflexivity | differ e].
Ltac certify_cycle e c := apply (cycle_certificate _ e _ c);
  [same_function | reflexivity | differ e].
