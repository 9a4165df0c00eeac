(* T4: MoA is not contained in LA, one_sided, tanh gates. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains target_amplitude jump_lemma gated_separation.
From Expressivity Require Import jump_bounds formulas.
Import ListNotations.
Open Scope R_scope.

Definition t4 (lambda : R) (x : vec) : R := tanh (lambda * x1 x) * relu (x2 x) * x1 x.
#[export] Hint Unfold t4 : formulas.

(* The profile of its jump, x tanh(lambda x). *)
Definition t4_jump (lambda a : R) : R := a * tanh (lambda * a).

Lemma t4_ramp lambda x : t4 lambda x = t4_jump lambda (x1 x) * relu (x2 x).
Proof. unfold t4, t4_jump. ring. Qed.

Lemma t4_jump_continuous lambda a : continuous (t4_jump lambda) a.
Proof.
  apply ex_derive_continuous_R, (ex_derive_mult (fun a => a) (fun a => tanh (lambda * a))).
  apply ex_derive_id. apply (ex_derive_comp tanh (fun a => lambda * a)).
  apply ex_derive_tanh. auto_derive. auto.
Qed.

Lemma t4_jump_even lambda a : t4_jump lambda (- a) = t4_jump lambda a.
Proof. unfold t4_jump. rewrite Ropp_mult_distr_r_reverse, tanh_opp. ring. Qed.

(* How near an LA network can be to t4, from the three points -r, 0, r of {x2 = 0}. *)
Lemma t4_bound lambda M b m g r : member (over_seven la one_sided b 2 m) g ->
  (forall a, a = 0 \/ a = r \/ a = - r ->
    lipschitz_about 2 M (fun y => t4 lambda y - g y) [a; 0]) ->
  t4_jump lambda r <= 4 * M.
Proof.
  intros Hg HM.
  assert (N : forall a, a = 0 \/ a = r \/ a = - r ->
    near_at M (t4 lambda) g [0; 1] 0 (fun x => t4_jump lambda (x1 x)) [a; 0]).
  { intros a Ha. split; [|split]. apply on_axis. now apply HM.
    apply ramp_continuous, t4_jump_continuous. }
  assert (E : forall u, move [0; 0] [1; 0] u = [u; 0]).
  { intros u. unfold move. simpl. f_equal; [|f_equal]; ring. }
  pose proof (three_point_bound M (over_seven la one_sided b 2 m) seven_kinks g (t4 lambda)
    [0; 1] 0 (fun x => t4_jump lambda (x1 x)) [0; 0] [1; 0] r) as B.
  rewrite !E, norm_e2 in B.
  assert (J : jumps_by (t4 lambda) [0; 1] 0 (fun x => t4_jump lambda (x1 x))).
  { apply (jumps_by_ext (fun x => t4_jump lambda (x1 x) * relu (x2 x))).
    intros; now rewrite t4_ramp. apply ramp_jumps. }
  specialize (B eq_refl eq_refl seven_kinked Hg eq_refl ltac:(simpl; lra) J
    (N 0 ltac:(auto)) eq_refl (N r ltac:(auto)) (N (- r) ltac:(auto))).
  unfold x1 in B. simpl in B. rewrite t4_jump_even in B.
  assert (Z : t4_jump lambda 0 = 0) by (unfold t4_jump; ring). rewrite Z in B.
  apply Rabs_le_between in B. lra.
Qed.

(* ---- without a hypothesis ---- *)
(* A constant gate, with logit 1 instead of lambda x1: the target is then an LA network of
   width 1, whose coefficients are the constant values of the gates. *)
Theorem T4_constant_gate gt scaled : exists f,
  represents (over_seven (moa gt scaled true) one_sided false 2 1)
    (relu_gated gt ([0; 0], 1) 1) [neuron_e2 [([1; 0], 0)]] f /\
  member (over_seven la one_sided false 2 1) f.
Proof.
  set (c := relu_gated gt ([0; 0], 1) 1). set (N := [neuron_e2 [([1; 0], 0)]]).
  exists (network one_sided seven c N). split; [split; [|split; [|split]]; auto|].
  - exists (relu_gate 2 (fun _ => ([0; 0], 1)) 1). split; auto. intros g side k.
    apply relu_gate_ok; auto. split; auto. discriminate.
  - repeat constructor.
  - set (alpha := fun g side k => c g side k [0; 0]).
    exists (constants alpha), N. split; [|split; [|split]]; auto.
    + now exists alpha.
    + repeat constructor.
    + intros x Hx. destruct (vec_2 x Hx) as [a [b ->]]. apply sum_ext.
      intros nu [<-|[]]. unfold neuron_value. cbn [combine_form over_seven dictionary neuron].
      do 2 f_equal. apply mix_ext. intros k _. unfold alpha, constants, c. cbn [group neuron_e2].
      rewrite !relu_gated_value, !affine_at_2.
      now replace (0 * a + 0 * b + 1) with (0 * 0 + 0 * 0 + 1) by ring.
Qed.

(* x tanh(lambda x) = silu(2 lambda x)/lambda - x .. *)
Lemma t4_silu lambda x : 0 < lambda ->
  t4_jump lambda x = silu (2 * lambda * x) / lambda - ident (2 * lambda * x) / (2 * lambda).
Proof.
  intros H. unfold t4_jump, ident, silu. rewrite tanh_eq, exp_Ropp.
  replace (2 * (lambda * x)) with (2 * lambda * x) by ring.
  pose proof (exp_pos (2 * lambda * x)). field. lra.
Qed.

(* .. so t4 is the two_sided LA network of width 1 with psi = relu, w = e2, v = 2 lambda e1 and
   phi = silu/lambda - id/(2 lambda). *)
Theorem T4_two_sided lambda b : 0 < lambda -> member (over_seven la two_sided b 2 1) (t4 lambda).
Proof.
  intros Hl. set (alpha := fun (_ side k : nat) => if (side =? 0)%nat
    then if (k =? 1)%nat then 1 else 0
    else if (k =? 5)%nat then 1 / lambda else if (k =? 0)%nat then - / (2 * lambda) else 0).
  exists (constants alpha), [neuron_e2 [([2 * lambda; 0], 0)]]. split; [|split; [|split]]; auto.
  - now exists alpha.
  - repeat constructor.
  - intros x Hx. rewrite t4_ramp, t4_silu by auto. destruct (vec_2 x Hx) as [y [z ->]].
    unfold network, neuron_value, x1, x2.
    cbn [sum fold_right out neuron_e2 map_of maps nth group over_seven neuron dictionary].
    rewrite !affine_at_2. replace (0 * y + 1 * z + 0) with z by ring.
    replace (2 * lambda * y + 0 * z + 0) with (2 * lambda * y) by ring.
    unfold constants, alpha, seven, values. cbn [combine_form map mix Nat.eqb]. field. lra.
Qed.

(* ---- the theorem ---- *)
(* T4. t4(x) = tanh(lambda x1) ReLU(x2) x1 is a one_sided MoA network of width 1 with tanh gates,
   and on the unit ball no one_sided LA network of any finite width: d = 2, any lambda > 0, over
   the seven; scale off or on; gate biases off or on; hidden biases off or on. *)
Theorem T4 lambda : 0 < lambda ->
  (forall scaled biased b,
    member (over_seven (moa Tanh scaled biased) one_sided b 2 1) (t4 lambda)) /\
  (forall b m, outside unit_ball (over_seven la one_sided b 2 m) (t4 lambda)).
Proof.
  intros Hl. split.
  - intros scaled biased b. set (l := ([lambda; 0], 0) : affine).
    exists (relu_gated Tanh l 1), [neuron_e2 [([1; 0], 0)]]. split; [|split; [|split]]; auto.
    + exists (relu_gate 2 (fun _ => l) 1). split; auto. intros g side k.
      now apply relu_gate_ok.
    + repeat constructor.
    + intros x Hx. destruct (vec_2 x Hx) as [y [z ->]]. unfold network, neuron_value, t4, x1, x2.
      cbn [sum fold_right out neuron_e2 map_of maps nth group over_seven neuron dictionary].
      unfold seven, values. cbn [combine_form map mix]. rewrite !relu_gated_value.
      unfold l. rewrite !affine_at_2. cbn [Nat.eqb relu_value other_value].
      replace (0 * y + 1 * z + 0) with z by ring.
      replace (lambda * y + 0 * z + 0) with (lambda * y) by ring. ring.
  - intros b m g Hg E. assert (P : t4_jump lambda (1 / 2) <= 4 * 0).
    { apply (t4_bound lambda 0 b m g (1 / 2) Hg). intros a Ha. exists unit_ball. split.
      apply around_unit_ball. unfold unit_ball. simpl. destruct Ha as [-> | [-> | ->]]; lra.
      now apply equal_lipschitz. }
    unfold t4_jump in P. pose proof (tanh_pos (lambda * (1 / 2)) ltac:(lra)). lra.
Qed.
