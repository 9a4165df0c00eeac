(* The tactics [interval] and [integral] over Coq's binary integers: no primitive floats or
   machine integers, which would be axioms. *)
From Interval Require Import Tactic.
From Interval.Float Require Import Specific_stdz Specific_ops.

Module BinaryFloats := SpecificFloat StdZRadix2.
Module Tactics := IntervalTactic BinaryFloats.
Export Tactics.
