(* T7c: one gated linear unit with ReLU is beyond type1 MoA of any number of groups. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Expressivity Require Import limits activations vectors hyperplanes gates networks domains.
From Expressivity Require Import target_amplitude shared_amplitude gated_relus gate_lines formulas.
Import ListNotations.
Open Scope R_scope.

Definition t7c (x : vec) : R := x1 x * relu (x2 x).
#[export] Hint Unfold t7c : formulas.

(* Its maps (w, v). *)
Definition maps_t7c := [(([0; 1], 0), ([1; 0], 0))].

Lemma t7c_units x : length x = 2%nat -> gated_relus (units maps_t7c) x = t7c x.
Proof.
  intros L. destruct (vec_2 x L) as [a [b ->]]. unfold gated_relus, t7c, x1, x2. simpl.
  rewrite !affine_at_2. replace (0 * a + 1 * b + 0) with b by ring. ring.
Qed.

(* ---- without a hypothesis ---- *)
(* The gates must be bounded: with the gate x1 of ReLU, differentiable as it is, t7c is a type1
   network of width 1. *)
Theorem T7c_smooth_gates b : member (over_seven smooth_gates type1 b 2 1) t7c.
Proof.
  apply (member_ext (over_seven smooth_gates type1 b 2 1) _ _ t7c_units).
  apply (smooth_gates_member 1 b 2 (fun _ => affine_at ([1; 0], 0)) [(0%nat, ([0; 1], 0))]).
  intros _. apply smooth_affine. repeat constructor.
Qed.

(* ---- the theorem ---- *)
(* T7c. t7c(x) = x1 ReLU(x2) is a one_sided ReLU network of width 1, and on no domain that
   contains an open set about a point of x2 = 0 a type1 MoA network over the seven with tanh,
   sigmoid or softmax gates, of any width, scales and number of groups; d = 2, hidden biases,
   gate biases and scales off or on. *)
Theorem T7c : (forall b, member (reglu b 2 1) t7c) /\
  forall P u gt scaled biased G b m, around P [u; 0] ->
    outside P (with_groups G (over_seven (moa gt scaled biased) type1 b 2 m)) t7c.
Proof.
  assert (OK : forall b, Forall (fun p => map_ok 2 b (fst p) /\ map_ok 2 b (snd p)) maps_t7c).
  { repeat constructor. }
  split.
  - intros b. apply (member_ext (reglu b 2 1) _ _ t7c_units), (reglu_member b 2 maps_t7c), OK.
  - intros P u gt scaled biased G b m Pu. set (A := with_groups G _).
    apply (outside_ext P A _ _ t7c_units). intros g [c [N Hg]] E.
    destruct (around_near P [u; 0] [1; 0] eq_refl Pu) as [e [He S]].
    apply (tame_not_affine (fun s => shared_jump G seven_kinks c N [0; 1] 0
      (move [u; 0] [1; 0] s)) 0 e u); auto.
    { destruct Hg as [Hc _]. now apply (tame_jump gt scaled biased 7 2). }
    intros s Hs. specialize (S s Hs). pose proof (units_ok 2 true _ (OK true)) as T.
    rewrite <- (L2_target P A seven_kinks c N g (gated_relus (units maps_t7c)) [0; 1] 0
      (gated_jump (units maps_t7c) [0; 1] 0)); auto using seven_kinked.
    + unfold gated_jump. simpl. rewrite across_self by (simpl; lra).
      unfold move. simpl. rewrite affine_at_2. simpl. ring.
    + simpl. lra.
    + split; auto. unfold move. simpl. ring.
    + now apply gated_relus_jumps_by.
    + now apply gated_jump_continuous.
Qed.
