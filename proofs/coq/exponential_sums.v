(* Quotients of exponential sums: what gates are along a line.

   An exponential sum sum_i c_i exp(r_i t) that is 0 on an interval is 0 everywhere, and so is
   a quotient of two with a positive denominator. That is the identity theorem, as far as gates
   need it. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits sums.
Import ListNotations.
Open Scope R_scope.

(* ---- exponential sums ---- *)
(* The coefficients c_i and rates r_i. *)
Definition exp_sum (l : list (R * R)) (t : R) : R := sum (fun p => fst p * exp (snd p * t)) l.

Definition derived (l : list (R * R)) : list (R * R) := map (fun p => (fst p * snd p, snd p)) l.

Lemma is_derive_exp_sum l t : is_derive (exp_sum l) t (exp_sum (derived l) t).
Proof.
  unfold exp_sum. induction l as [|p l IH]; simpl. apply (is_derive_const (V := R_NormedModule)).
  apply (is_derive_plus (K := R_AbsRing) (V := R_NormedModule) (fun t => fst p * exp (snd p * t)));
    auto. auto_derive; auto. ring.
Qed.

(* The sum times c exp(r t), and the product of two. *)
Definition times (c r : R) (l : list (R * R)) : list (R * R) :=
  map (fun p => (c * fst p, r + snd p)) l.

Definition products (l m : list (R * R)) : list (R * R) :=
  flat_map (fun p => times (fst p) (snd p) m) l.

Lemma exp_sum_app l m t : exp_sum (l ++ m) t = exp_sum l t + exp_sum m t.
Proof. apply sum_app. Qed.

Lemma exp_sum_times c r l t : exp_sum (times c r l) t = c * exp (r * t) * exp_sum l t.
Proof.
  unfold exp_sum, times. induction l as [|p l IH]; simpl. ring.
  rewrite IH, Rmult_plus_distr_r, exp_plus. ring.
Qed.

Lemma exp_sum_products l m t : exp_sum (products l m) t = exp_sum l t * exp_sum m t.
Proof.
  unfold products. induction l as [|p l IH]; simpl. unfold exp_sum. simpl. ring.
  rewrite exp_sum_app, IH, exp_sum_times.
  change (exp_sum (p :: l) t) with (fst p * exp (snd p * t) + exp_sum l t). ring.
Qed.

(* A derivative on an interval where the function is constant is 0. *)
Lemma derive_of_constant (f : R -> R) (c a b t D : R) :
  (forall s, a < s < b -> f s = c) -> a < t < b -> is_derive f t D -> D = 0.
Proof.
  intros E T H. apply is_derive_unique in H. rewrite <- H.
  apply (is_derive_unique f t 0). apply (is_derive_ext_loc (fun _ => c)).
  - assert (P : 0 < Rmin (t - a) (b - t)) by (apply Rmin_glb_lt; lra).
    exists (mkposreal _ P). intros y Hy. apply Rabs_def2 in Hy. simpl in Hy.
    unfold minus, plus, opp in Hy; simpl in Hy.
    pose proof (Rmin_l (t - a) (b - t)). pose proof (Rmin_r (t - a) (b - t)).
    symmetry. apply E. lra.
  - apply (is_derive_const (V := R_NormedModule)).
Qed.

(* A function whose derivative is 0 everywhere is constant. *)
Lemma constant_of_derive (f : R -> R) : (forall t, is_derive f t 0) -> forall s t, f s = f t.
Proof.
  intros H s t. destruct (MVT_gen f s t (fun _ => 0)) as [c [_ E]].
  - intros; apply H.
  - intros x _. apply continuity_pt_filterlim. apply (ex_derive_continuous_R f). now exists 0.
  - lra.
Qed.

(* The identity theorem: multiply by exp(- r t), r the first rate, and differentiate; one term
   less is left. *)
Theorem exp_sum_zero l : forall a b, a < b -> (forall t, a < t < b -> exp_sum l t = 0) ->
  forall t, exp_sum l t = 0.
Proof.
  remember (length l) as k eqn:K. revert l K. induction k as [|k IH]; intros l K a b L Z t.
  { destruct l; [reflexivity | discriminate]. }
  destruct l as [|[c r] l]; [discriminate|]. injection K as K.
  set (shifted := times 1 (- r) l).
  assert (E : forall t, exp_sum ((c, r) :: l) t = exp (r * t) * (c + exp_sum shifted t)).
  { intros u. unfold shifted. rewrite exp_sum_times.
    change (exp_sum ((c, r) :: l) u) with (c * exp (r * u) + exp_sum l u).
    rewrite Rmult_plus_distr_l, Rmult_1_l, <- Rmult_assoc, <- exp_plus.
    replace (r * u + - r * u) with 0 by ring. rewrite exp_0. ring. }
  assert (S : forall u, a < u < b -> exp_sum shifted u = - c).
  { intros u U. specialize (Z u U). rewrite E in Z. pose proof (exp_pos (r * u)).
    apply Rmult_integral in Z. lra. }
  assert (D : forall u, exp_sum (derived shifted) u = 0).
  { apply (IH (derived shifted)) with (a := a) (b := b); auto.
    unfold derived, shifted, times. now rewrite !map_length.
    intros u U. apply (derive_of_constant (exp_sum shifted) (- c) a b u); auto.
    apply is_derive_exp_sum. }
  rewrite E, (constant_of_derive (exp_sum shifted)) with (t := (a + b) / 2).
  rewrite S by lra. ring. intros u. rewrite <- (D u). apply is_derive_exp_sum.
Qed.

(* ---- quotients ---- *)
Definition exp_quotient (f : R -> R) : Prop :=
  exists N D, forall t, 0 < exp_sum D t /\ f t = exp_sum N t / exp_sum D t.

Theorem exp_quotient_zero f a b : exp_quotient f -> a < b ->
  (forall t, a < t < b -> f t = 0) -> forall t, f t = 0.
Proof.
  intros [N [D H]] L Z t. destruct (H t) as [P ->].
  rewrite (exp_sum_zero N a b L). unfold Rdiv. ring.
  intros u U. destruct (H u) as [Q E]. rewrite (Z u U) in E.
  replace (exp_sum N u) with (exp_sum N u / exp_sum D u * exp_sum D u) by (field; lra).
  rewrite <- E. ring.
Qed.

Lemma exp_sum_const c t : exp_sum [(c, 0)] t = c.
Proof. unfold exp_sum. simpl. rewrite Rmult_0_l, exp_0. ring. Qed.

Lemma exp_quotient_ext f g : (forall t, f t = g t) -> exp_quotient f -> exp_quotient g.
Proof. intros E [N [D H]]. exists N, D. intros t. rewrite <- E. apply H. Qed.

Lemma exp_quotient_const c : exp_quotient (fun _ => c).
Proof.
  exists [(c, 0)], [(1, 0)]. intros t. rewrite !exp_sum_const. split. lra. field.
Qed.

Lemma exp_quotient_plus f g : exp_quotient f -> exp_quotient g ->
  exp_quotient (fun t => f t + g t).
Proof.
  intros [N [D H]] [N' [D' H']]. exists (products N D' ++ products N' D), (products D D').
  intros t. destruct (H t) as [P ->], (H' t) as [P' ->].
  rewrite exp_sum_app, !exp_sum_products. split. now apply Rmult_lt_0_compat. field. lra.
Qed.

Lemma exp_quotient_scal c f : exp_quotient f -> exp_quotient (fun t => c * f t).
Proof.
  intros [N [D H]]. exists (times c 0 N), D. intros t. destruct (H t) as [P ->].
  split; auto. rewrite exp_sum_times, Rmult_0_l, exp_0. field. lra.
Qed.

(* The derivative of a quotient is one. *)
Lemma exp_quotient_derive f : exp_quotient f ->
  exists g, exp_quotient g /\ forall t, is_derive f t (g t).
Proof.
  intros [N [D H]].
  exists (fun t => (exp_sum (derived N) t * exp_sum D t + - 1 * (exp_sum (derived D) t *
    exp_sum N t)) / exp_sum D t ^ 2). split.
  - exists (products (derived N) D ++ times (- 1) 0 (products (derived D) N)),
      (products D D). intros t. destruct (H t) as [P _].
    rewrite exp_sum_app, exp_sum_times, !exp_sum_products, Rmult_0_l, exp_0.
    split. now apply Rmult_lt_0_compat. field. lra.
  - intros t. destruct (H t) as [P _].
    apply (is_derive_ext (fun t => exp_sum N t / exp_sum D t)).
    { intros u. symmetry. apply H. }
    replace (_ / exp_sum D t ^ 2) with
      ((exp_sum (derived N) t * exp_sum D t - exp_sum N t * exp_sum (derived D) t) /
        exp_sum D t ^ 2) by (field; lra).
    apply (is_derive_div (exp_sum N) (exp_sum D)); try apply is_derive_exp_sum. lra.
Qed.

