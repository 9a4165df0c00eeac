(* How near an LA network can be to a function whose jump is not of its kind.

   Across a hyperplane an LA network jumps by a constant (type1) or by an affine function
   (one_sided). If the jump J of f is neither, f minus the network is M-Lipschitz about two or
   three points only for large M. With M = 0 these are obstructions to equality. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains amplitude target_amplitude shared_amplitude.
Import ListNotations.
Open Scope R_scope.

(* e is M-Lipschitz on a set that contains an open one about x. *)
Definition lipschitz_about (d : nat) (M : R) (e : vec -> R) (x : vec) : Prop :=
  exists P, around P x /\ lipschitz_on d P M e.

Lemma lipschitz_about_equal d f g x : (forall y, f y = g y) ->
  lipschitz_about d 0 (fun y => f y - g y) x.
Proof.
  intros E. exists everywhere. split. apply around_everywhere. apply equal_lipschitz.
  intros y _ _. apply E.
Qed.

(* x is a point of {n.x = h} about which f - g is M-Lipschitz, and the jump J of f is
   continuous there. *)
Definition near_at (M : R) (f g : vec -> R) n h (J : vec -> R) (x : vec) : Prop :=
  on n h x /\ lipschitz_about (length n) M (fun y => f y - g y) x /\ continuous_along n J x.

Lemma amplitude_bound M A ks c N g f n h J x :
  Forall2 kinked (dictionary A) ks -> represents A c N g -> length n = dimension A ->
  0 < dot n n -> jumps_by f n h J -> near_at M f g n h J x ->
  Rabs (J x - amplitude_on A ks c N n h x) <= 2 * (M * norm n).
Proof.
  intros HD Hg Hd Hn HJ [Hx [[P [HP HM]] C]]. rewrite Hd in HM.
  now apply (amplitude_near P M A ks c N g f).
Qed.

(* Two points, LA type1: the amplitude is a constant. *)
Theorem two_point_bound M A ks g f n h J x y : kind A = la -> neuron A = type1 ->
  Forall2 kinked (dictionary A) ks -> member A g -> length n = dimension A -> 0 < dot n n ->
  jumps_by f n h J -> near_at M f g n h J x -> near_at M f g n h J y ->
  Rabs (J x - J y) <= 4 * (M * norm n).
Proof.
  intros K F HD [c [N Hg]] Hd Hn HJ Hx Hy.
  pose proof (amplitude_bound M A ks c N g f n h J x HD Hg Hd Hn HJ Hx) as Bx.
  pose proof (amplitude_bound M A ks c N g f n h J y HD Hg Hd Hn HJ Hy) as By.
  assert (E : amplitude_on A ks c N n h x = amplitude_on A ks c N n h y).
  { destruct Hg as [Hc _]. rewrite K in Hc. destruct Hc as [alpha ->].
    unfold amplitude_on, amplitude. rewrite F. reflexivity. }
  rewrite E in Bx. apply Rabs_le_between in Bx, By. apply Rabs_le_between. lra.
Qed.

(* Three points along a line, LA one_sided: the amplitude is affine. *)
Lemma affine_amplitude D ks alpha weight N x t u : length x = length t ->
  amplitude one_sided D ks (constants alpha) weight N (move x t u) +
  amplitude one_sided D ks (constants alpha) weight N (move x t (- u)) =
  2 * amplitude one_sided D ks (constants alpha) weight N x.
Proof.
  intros L. unfold amplitude. induction N as [|nu N IH]; simpl. ring.
  unfold neuron_amplitude at 1 3 5, constants at 1 3 5. cbn [change].
  rewrite !affine_at_move by auto.
  match goal with |- ?a * (?m * _) + ?s + (_ + ?s') = _ =>
    replace s with (2 * sum (fun nu => out nu *
      neuron_amplitude one_sided D ks (constants alpha) weight nu x) N - s') by lra end.
  ring.
Qed.

Theorem three_point_bound M A ks g f n h J x t u : kind A = la -> neuron A = one_sided ->
  Forall2 kinked (dictionary A) ks -> member A g -> length n = dimension A -> 0 < dot n n ->
  jumps_by f n h J -> near_at M f g n h J x -> length t = length n ->
  near_at M f g n h J (move x t u) -> near_at M f g n h J (move x t (- u)) ->
  Rabs (J (move x t u) + J (move x t (- u)) - 2 * J x) <= 8 * (M * norm n).
Proof.
  intros K F HD [c [N Hg]] Hd Hn HJ Hx Ht Hy Hz.
  pose proof (amplitude_bound M A ks c N g f n h J _ HD Hg Hd Hn HJ Hx) as Bx.
  pose proof (amplitude_bound M A ks c N g f n h J _ HD Hg Hd Hn HJ Hy) as By.
  pose proof (amplitude_bound M A ks c N g f n h J _ HD Hg Hd Hn HJ Hz) as Bz.
  assert (E : amplitude_on A ks c N n h (move x t u) + amplitude_on A ks c N n h (move x t (- u)) =
    2 * amplitude_on A ks c N n h x).
  { destruct Hx as [[L _] _]. destruct Hg as [Hc _]. rewrite K in Hc. destruct Hc as [alpha ->].
    unfold amplitude_on. rewrite F. apply affine_amplitude. congruence. }
  apply Rabs_le_between in Bx, By, Bz. apply Rabs_le_between. lra.
Qed.

(* ---- targets g(x1) ReLU(x2) ---- *)
Lemma norm_e2 : norm [0; 1] = 1.
Proof. unfold norm. simpl. replace (0 * 0 + (1 * 1 + 0)) with 1 by ring. apply sqrt_1. Qed.

(* They jump across {x2 = 0} by g(x1), which is continuous if g is. *)
Lemma ramp_jumps g : jumps_by (fun x => g (x1 x) * relu (x2 x)) [0; 1] 0 (fun x => g (x1 x)).
Proof.
  exists []. split; auto. intros x Hx _. destruct (on_axis_inv x Hx) as [a ->].
  apply (jump_ext (fun u => g a * relu u)).
  - intros u. unfold x1, x2, move. simpl. now replace (a + u * 0) with a by ring;
      replace (0 + u * 1) with u by ring.
  - apply (jump_eq _ (g a * 1)). apply jump_scal, jump_relu. unfold x1. simpl. ring.
Qed.

Lemma ramp_continuous g a : continuous g a -> continuous_along [0; 1] (fun x => g (x1 x)) [a; 0].
Proof.
  intros C t Ht _. destruct (vec_2 t Ht) as [b [c ->]].
  apply (lim0_ext (fun u => g (b * u + a))).
  intros; unfold x1, move; simpl; f_equal; ring. now apply lim0_continuous.
Qed.
