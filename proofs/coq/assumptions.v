(* The axioms that each theorem rests on, as Coq prints them: those of the real numbers
   (sig_not_dec, sig_forall_dec, functional_extensionality_dep) and of classical logic (classic),
   and no others. *)
From Expressivity Require Import shared_amplitude jump_lemma t1 t2 t3 t4 vanishing_gates.
From Expressivity Require Import positive_gates containment gradient_jump_bound slope_staircase.
From Expressivity Require Import free_knot_bound.

Print Assumptions L1.
Print Assumptions L2.
Print Assumptions T1.
Print Assumptions T2.
Print Assumptions T2_sigmoid.
Print Assumptions T2_softmax.
Print Assumptions T2_sigmoid_unscaled.
Print Assumptions T2_softmax_unscaled.
Print Assumptions T3.
Print Assumptions T3b.
Print Assumptions T4.
Print Assumptions C1a.
Print Assumptions C2.
Print Assumptions containment.
Print Assumptions B1_t1_smooth.
Print Assumptions B1_t1_affine.
Print Assumptions B1_t2.
Print Assumptions B1_t2_gates.
Print Assumptions B1_t4.
Print Assumptions B3_sup.
