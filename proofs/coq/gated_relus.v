(* Sums of gated ReLU, sum_i c_i(x) ReLU(w_i.x + b_i), the shape of the targets t6, t7, t7b and
   t7c: how their gradients jump. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes.
From Expressivity Require Import gates networks domains amplitude target_amplitude.
Import ListNotations.
Open Scope R_scope.

(* The terms: each a map and the factor of its ReLU. *)
Definition gated_relus (terms : list (affine * (vec -> R))) (x : vec) : R :=
  sum (fun t => snd t x * relu (affine_at (fst t) x)) terms.

(* Differentiable along lines. *)
Definition smooth (d : nat) (c : vec -> R) : Prop :=
  forall x t, length x = d -> length t = d -> ex_derive (fun u => c (move x t u)) 0.

(* A map of R^d, and a factor that is differentiable along lines. *)
Definition term_ok (d : nat) (t : affine * (vec -> R)) : Prop :=
  length (fst (fst t)) = d /\ smooth d (snd t).

(* The jump across {n.x = h}: of the terms whose ReLU kinks there. *)
Definition gated_jump terms (n : vec) (h : R) (x : vec) : R :=
  sum (fun t : affine * (vec -> R) => across n h (fst t) * snd t x) terms.

Theorem gated_relus_jumps_by terms n h : Forall (term_ok (length n)) terms ->
  jumps_by (gated_relus terms) n h (gated_jump terms n h).
Proof.
  intros H. exists (map fst terms). split.
  { apply Forall_map. revert H. apply Forall_impl. now intros t [L _]. }
  intros x Hx S. unfold gated_relus, gated_jump.
  induction H as [|t terms [_ C] _ IH]; simpl. apply jump_const.
  inversion S as [|? ? O S']; subst. apply jump_plus; auto. destruct Hx as [Lx Hx].
  rewrite <- (crossing_across n h x) by (auto; now split).
  eapply jump_eq. apply jump_mult.
  - apply jump_of_derive. now apply C.
  - apply (jump_ext (fun u => relu (dot (fst (fst t)) n * u + affine_at (fst t) x))).
    intros; now rewrite affine_at_move. apply (kinked_jump relu 1), kinked_relu.
  - cbv beta. rewrite move_0 by auto. unfold crossing. ring.
Qed.

Lemma gated_jump_continuous terms n h x : Forall (term_ok (length n)) terms ->
  length x = length n -> continuous_along n (gated_jump terms n h) x.
Proof.
  intros H Lx t Lt _. unfold gated_jump. induction H as [|s terms [_ C] _ IH]; simpl.
  apply lim0_const. apply lim0_plus; auto. apply lim0_scal.
  apply (lim0_eq _ (snd s (move x t 0))). 2: rewrite move_0; congruence.
  apply (lim0_of_derive (fun u => snd s (move x t u))), C; congruence.
Qed.

Lemma smooth_const d r : smooth d (fun _ => r).
Proof. intros x t _ _. apply ex_derive_const. Qed.

Lemma smooth_affine d l : smooth d (affine_at l).
Proof. intros x t Lx Lt. apply ex_derive_affine. congruence. Qed.

(* ---- which maps kink on a hyperplane ---- *)
(* Its own map, .. *)
Lemma across_self n h b : 0 < dot n n -> b = - h -> across n h (n, b) = dot n n.
Proof.
  intros N ->. unfold across. destruct (vanishes_on_dec n h (n, - h)) as [_|V].
  - apply Rabs_pos_eq. simpl. lra.
  - exfalso. apply V. unfold vanishes_on. simpl. replace (dot n n / dot n n) with 1 by (field; lra).
    split; [|ring]. clear. induction n; simpl; [|rewrite <- IHn, Rmult_1_l]; auto.
Qed.

(* .. and none that is not 0 at one of its points. *)
Lemma across_other n h l x : on n h x -> affine_at l x <> 0 -> across n h l = 0.
Proof.
  intros Hx Z. unfold across. destruct (vanishes_on_dec n h l) as [V|]; auto.
  exfalso. apply Z. now apply (vanishes_on_zero n h).
Qed.

(* ---- classes that contain them ---- *)
(* Gated linear units with ReLU, sum_j a_j ReLU(w_j.x + b_j) (v_j.x + c_j). *)
Definition reglu b d m : family :=
  {| kind := fixed; neuron := one_sided; dictionary := [relu]; groups := 1; bias := b;
     dimension := d; width := m |}.

(* Those with the maps (w, v) of each neuron, and a_j = 1. *)
Definition units (maps : list (affine * affine)) : list (affine * (vec -> R)) :=
  map (fun p => (fst p, affine_at (snd p))) maps.

Definition unit_neurons (maps : list (affine * affine)) : list weights :=
  map (fun p => {| group := 0; out := 1; maps := [fst p; snd p] |}) maps.

Lemma reglu_represents b d maps :
  Forall (fun p => map_ok d b (fst p) /\ map_ok d b (snd p)) maps ->
  represents (reglu b d (length maps)) (one_hot 0) (unit_neurons maps)
    (gated_relus (units maps)).
Proof.
  intros H. split; [|split; [|split]].
  - exists 0%nat. split; auto.
  - unfold unit_neurons. apply Forall_map. revert H. apply Forall_impl. intros p [W V].
    split; [simpl; lia|]. split; auto. repeat constructor; apply W || apply V.
  - unfold unit_neurons. now rewrite map_length.
  - intros x _. unfold gated_relus, network, units, unit_neurons. clear H.
    induction maps as [|p maps IH]; simpl; [|rewrite IH]; auto. f_equal.
    unfold neuron_value, one_hot, map_of, affine_at. simpl. ring.
Qed.

Corollary reglu_member b d maps :
  Forall (fun p => map_ok d b (fst p) /\ map_ok d b (snd p)) maps ->
  member (reglu b d (length maps)) (gated_relus (units maps)).
Proof. intros H. exists (one_hot 0), (unit_neurons maps). now apply reglu_represents. Qed.

Lemma units_ok d b maps : Forall (fun p => map_ok d b (fst p) /\ map_ok d b (snd p)) maps ->
  Forall (term_ok d) (units maps).
Proof.
  intros H. unfold units. apply Forall_map. revert H. apply Forall_impl. intros p [[W _] _].
  split; auto. apply smooth_affine.
Qed.

(* With factors that are differentiable and shared in groups, ReLU of the maps l in the groups
   g, they are type1 networks over the seven, whose gates are these factors. *)
Lemma smooth_gates_member G b d (c : nat -> vec -> R) (neurons : list (nat * affine)) :
  (forall g, smooth d (c g)) ->
  Forall (fun p => (fst p < G)%nat /\ map_ok d b (snd p)) neurons ->
  member (with_groups G (over_seven smooth_gates type1 b d (length neurons)))
    (gated_relus (map (fun p => (snd p, c (fst p))) neurons)).
Proof.
  intros Hc H. exists (fun g _ k x => if (k =? 1)%nat then c g x else 0),
    (map (fun p => {| group := fst p; out := 1; maps := [snd p] |}) neurons).
  split; [|split; [|split]].
  - intros g side k x t _ Lx Lt. destruct (k =? 1)%nat. now apply Hc. apply ex_derive_const.
  - apply Forall_map. revert H. apply Forall_impl. intros p [HG W].
    split; auto. split; auto. now constructor.
  - now rewrite map_length.
  - intros x _. unfold gated_relus, network. clear H.
    induction neurons as [|p ps IH]; simpl; [|rewrite IH]; auto. f_equal.
    unfold neuron_value, seven. cbn. unfold map_of. cbn. ring.
Qed.
