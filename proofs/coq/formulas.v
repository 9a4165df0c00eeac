(* Targets are the program's: Python writes the formula of each in x1, x2, x3 and lambda, and Coq
   proves that the two are equal. Definitions that a formula is written without are hints of
   [formulas]. *)
Require Import Reals Lra List.
From Expressivity Require Import activations vectors gates.
Open Scope R_scope.

Create HintDb formulas.
#[export] Hint Unfold ident sum : formulas.

(* Equations between maxima, case by case. *)
Ltac max_cases := unfold Rmax; repeat match goal with |- context [Rle_dec ?a ?b] =>
  lazymatch a with context [Rle_dec _ _] => fail | _ =>
  lazymatch b with context [Rle_dec _ _] => fail | _ => destruct (Rle_dec a b) end end end; lra.

(* Equal arguments of a function are written alike. *)
Ltac same_arguments f := repeat match goal with |- context [f ?a] =>
  match goal with |- context [f ?b] =>
    lazymatch b with a => fail | _ => replace (f b) with (f a) by (f_equal; field) end end end.

Ltac exp_positive := repeat match goal with |- context [exp ?a] =>
  lazymatch goal with _ : 0 < exp a |- _ => fail | _ => pose proof (exp_pos a) end end.

(* What proves [forall lambda x, target lambda x = formula]. *)
Ltac same_formula := intros; repeat autounfold with formulas;
  cbn [fold_right seq nth Nat.pred fst snd INR];
  same_arguments relu; same_arguments tanh; same_arguments sigmoid; same_arguments exp;
  exp_positive; (field; lra) || (unfold relu; max_cases).
