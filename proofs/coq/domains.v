(* Domains: where a target is asked about.

   A class member is a function on all of R^d. A target is outside a class on a domain if no
   member is equal to it there. That a domain contains an open set about a point is all that is
   ever asked of it: the unit ball does, about each of its points. *)
Require Import Reals Lra List.
From Expressivity Require Import limits vectors networks.
Import ListNotations.
Open Scope R_scope.

(* A set that contains with each point what is near it on the lines through it: open sets are of
   this kind. *)
Definition line_open (U : vec -> Prop) : Prop :=
  forall x t, length t = length x -> U x -> small (fun u => U (move x t u)).

(* P contains an open set about x. *)
Definition around (P : vec -> Prop) (x : vec) : Prop :=
  exists U, line_open U /\ U x /\ forall y, U y -> P y.

Definition everywhere (x : vec) : Prop := True.
Definition unit_ball (x : vec) : Prop := dot x x < 1.

Lemma around_everywhere x : around everywhere x.
Proof. exists everywhere. repeat split. intros y t _ _. now apply small_all. Qed.

Lemma around_in P x : around P x -> P x.
Proof. intros [U [_ [X S]]]. auto. Qed.

(* What is near the point is also such a point. *)
Lemma around_near P x t : length t = length x -> around P x ->
  small (fun u => around P (move x t u)).
Proof.
  intros T [U [O [X S]]]. generalize (O x t T X). apply small_imp. intros u _ H.
  exists U. auto.
Qed.

(* The squared length along a line is a polynomial of degree 2. *)
Lemma dot_move_self x t u : length x = length t ->
  dot (move x t u) (move x t u) = dot x x + u * (2 * dot x t + u * dot t t).
Proof.
  intros L. rewrite dot_move, (dot_comm _ t), (dot_comm _ x), !dot_move, (dot_comm t x) by auto.
  ring.
Qed.

Lemma around_unit_ball x : unit_ball x -> around unit_ball x.
Proof.
  intros X. exists unit_ball. split; [|split; auto]. clear x X. unfold unit_ball.
  intros x t L X.
  assert (H : lim0 (fun u => dot x x + u * (2 * dot x t + u * dot t t))
    (dot x x + 0 * (2 * dot x t + 0 * dot t t))).
  { repeat (apply lim0_plus || apply lim0_mult || apply lim0_id || apply lim0_const). }
  generalize (H (1 - dot x x) ltac:(lra)). apply small_imp. intros u _ K.
  rewrite dot_move_self by congruence. apply Rabs_def2 in K. lra.
Qed.

(* ---- targets outside a class ---- *)
Definition equal_on (d : nat) (P : vec -> Prop) (f g : vec -> R) : Prop :=
  forall x, length x = d -> P x -> f x = g x.

(* No member of the class is equal to f on P. *)
Definition outside (P : vec -> Prop) (A : family) (f : vec -> R) : Prop :=
  forall g, member A g -> ~ equal_on (dimension A) P f g.

Lemma outside_not_member P A f : outside P A f -> ~ member A f.
Proof. intros H M. now apply (H f M). Qed.

Lemma outside_ext P A f g : (forall x, length x = dimension A -> f x = g x) ->
  outside P A f -> outside P A g.
Proof. intros E H k Hk Q. apply (H k Hk). intros x Lx Px. rewrite E by auto. now apply Q. Qed.

(* ---- targets near a function ---- *)
Definition norm (t : vec) : R := sqrt (dot t t).

(* e changes by at most M times the distance, on P. *)
Definition lipschitz_on (d : nat) (P : vec -> Prop) (M : R) (e : vec -> R) : Prop :=
  forall x t u, length x = d -> length t = d -> P x -> P (move x t u) ->
    Rabs (e (move x t u) - e x) <= M * (Rabs u * norm t).

(* Equal functions have the difference 0: what holds for M holds for them with M = 0. *)
Lemma equal_lipschitz d P f g : equal_on d P f g -> lipschitz_on d P 0 (fun x => f x - g x).
Proof.
  intros E x t u Lx Lt X X'. rewrite !E by (auto; now rewrite length_move; congruence).
  rewrite Rminus_eq_0, Rminus_eq_0, Rminus_0_r, Rabs_R0. lra.
Qed.

Lemma lipschitz_ext d P M e e' : (forall x, length x = d -> e x = e' x) ->
  lipschitz_on d P M e -> lipschitz_on d P M e'.
Proof.
  intros E H x t u Lx Lt. rewrite <- !E by (auto; rewrite length_move; congruence). now apply H.
Qed.

(* About a point, small steps to both sides along a line. *)
Lemma move_opp x t u : move x t (- u) = move x (map (Rmult (-1)) t) u.
Proof.
  unfold move. revert t. induction x as [|a x IH]; intros [|b t]; simpl; auto.
  f_equal; auto. ring.
Qed.

Lemma lipschitz_near d P M e x n : length x = d -> length n = d -> around P x ->
  lipschitz_on d P M e ->
  small (fun u => Rabs (e (move x n u) - e x) <= M * norm n * u /\
    Rabs (e (move x n (- u)) - e x) <= M * norm n * u).
Proof.
  intros Lx Ln X H.
  assert (S : forall t, length t = d -> small (fun u => P (move x t u))).
  { intros t Lt. generalize (around_near P x t ltac:(congruence) X). apply small_imp.
    intros u _. apply around_in. }
  generalize (small_and _ _ (S n Ln) (S (map (Rmult (-1)) n) ltac:(now rewrite map_length))).
  apply small_imp. intros u U [A B]. rewrite <- move_opp in B. apply around_in in X.
  pose proof (H x n u Lx Ln X A) as C. pose proof (H x n (- u) Lx Ln X B) as D.
  rewrite Rabs_Ropp in D. rewrite (Rabs_pos_eq u) in C, D by lra. lra.
Qed.
