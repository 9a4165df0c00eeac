(* Networks on a line, d = 1: each map of a neuron is u -> w u + b. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude.
Import ListNotations.
Open Scope R_scope.

(* The i-th activation; the slope and the bias of the affine map of number k of a neuron. *)
Definition activation (D : list (R -> R)) (i : nat) : R -> R := nth i D (fun _ => 0).
Definition slope_of (nu : weights) (k : nat) : R := nth 0 (fst (map_of nu k)) 0.
Definition bias_of (nu : weights) (k : nat) : R := snd (map_of nu k).

(* The map of number k at the point u. *)
Definition line (nu : weights) (k : nat) (u : R) : R := slope_of nu k * u + bias_of nu k.

Lemma affine_at_line nu k u : affine_at (map_of nu k) [u] = line nu k u.
Proof.
  unfold line, slope_of, bias_of. destruct (map_of nu k) as [[|a [|b w]] c];
    unfold affine_at; simpl; ring.
Qed.

Lemma norm_1 a : norm [a] = Rabs a.
Proof.
  unfold norm. simpl. replace (a * a + 0) with (Rsqr a) by (unfold Rsqr; ring). apply sqrt_Rsqr_abs.
Qed.

(* ---- fixed networks ---- *)
Lemma values_activation D z i : nth i (values D z) 0 = activation D i z.
Proof. apply (map_nth (fun s => s z) D (fun _ => 0) i). Qed.

Lemma fixed_type1 D i N u : network type1 D (one_hot i) N [u] =
  sum (fun nu => out nu * activation D i (line nu 0 u)) N.
Proof.
  apply sum_ext. intros nu _. unfold neuron_value, one_hot. cbn [combine_form].
  now rewrite mix_one_hot, affine_at_line, values_activation.
Qed.

Lemma fixed_one_sided D i N u : network one_sided D (one_hot i) N [u] =
  sum (fun nu => out nu * (activation D i (line nu 0 u) * line nu 1 u)) N.
Proof.
  apply sum_ext. intros nu _. unfold neuron_value, one_hot. cbn [combine_form].
  now rewrite mix_one_hot, !affine_at_line, values_activation.
Qed.

(* ---- jumps at 0 ---- *)
Lemma around_0 : around unit_ball [0].
Proof. apply around_unit_ball. unfold unit_ball. simpl. lra. Qed.

Lemma on_0 : on [1] 0 [0].
Proof. split; auto. simpl. ring. Qed.

Lemma jumps_at_0 f g J : (forall u, f [u] = g u) -> jump g J -> jumps_by f [1] 0 (fun _ => J).
Proof.
  intros E H. exists []. split; auto. intros x [L Hx] _. destruct (vec_1 x L) as [a ->].
  simpl in Hx. revert H. apply jump_ext. intros u. rewrite <- E. unfold move. simpl.
  do 2 f_equal. lra.
Qed.

Lemma constant_along n J x : continuous_along n (fun _ => J) x.
Proof. intros t _ _. apply lim0_const. Qed.

(* Networks that equal f about 0 jump there as f does. *)
Lemma amplitude_at_0 A ks c N g f J :
  Forall2 kinked (dictionary A) ks -> represents A c N g -> dimension A = 1%nat ->
  equal_on 1 unit_ball f g -> jump (fun u => f [u]) J ->
  J = amplitude_on A ks c N [1] 0 [0].
Proof.
  intros HD Hg Hd E HJ. rewrite <- Hd in E.
  apply (target_amplitude unit_ball A ks c N g f [1] 0 (fun _ => J)); auto.
  simpl. lra. apply on_0. apply around_0. now apply (jumps_at_0 f (fun u => f [u])).
  apply constant_along.
Qed.
