(* Inputs in R^d are lists of length d; affine maps of them. *)
Require Import Reals Lra List Lia.
Import ListNotations.
Open Scope R_scope.

Definition vec := list R.
Definition zeros (d : nat) : vec := repeat 0 d.

Fixpoint dot (w x : vec) : R :=
  match w, x with a :: w', b :: x' => a * b + dot w' x' | _, _ => 0 end.

(* The point x + u t. *)
Definition move (x t : vec) (u : R) : vec := map (fun p => fst p + u * snd p) (combine x t).

(* An affine map w.x + b. *)
Definition affine : Type := vec * R.
Definition affine_at (l : affine) (x : vec) : R := dot (fst l) x + snd l.

Lemma length_move x t u : length x = length t -> length (move x t u) = length x.
Proof. unfold move. intros. rewrite map_length, combine_length. lia. Qed.

Lemma dot_comm x : forall y, dot x y = dot y x.
Proof. induction x as [|a x IH]; intros [|b y]; simpl; try ring. rewrite IH. ring. Qed.

Lemma dot_zeros d : forall x, dot (zeros d) x = 0.
Proof. induction d; intros [|a x]; simpl; try ring. unfold zeros in IHd. rewrite IHd. ring. Qed.

Lemma dot_move w : forall x t u, length x = length t ->
  dot w (move x t u) = dot w t * u + dot w x.
Proof.
  unfold move. induction w as [|a w IH]; intros [|b x] [|c t] u; simpl; try discriminate;
    intros; try ring. rewrite IH by congruence. ring.
Qed.

Lemma affine_at_move l x t u : length x = length t ->
  affine_at l (move x t u) = dot (fst l) t * u + affine_at l x.
Proof. intros. unfold affine_at. rewrite dot_move by auto. ring. Qed.

Lemma move_0 x t : length x = length t -> move x t 0 = x.
Proof.
  unfold move. revert t. induction x as [|a x IH]; intros [|c t]; simpl; try discriminate; auto.
  intros. rewrite IH by congruence. f_equal. ring.
Qed.

Lemma dot_map s n x : dot (map (Rmult s) n) x = s * dot n x.
Proof. revert x. induction n; intros [|b x]; simpl; try ring. rewrite IHn. ring. Qed.

Lemma dot_self x : 0 <= dot x x.
Proof. induction x as [|a x IH]; simpl. lra. nra. Qed.

(* ---- coordinates ---- *)
Definition x1 (x : vec) : R := nth 0 x 0.
Definition x2 (x : vec) : R := nth 1 x 0.
Definition x3 (x : vec) : R := nth 2 x 0.

Lemma vec_1 (x : vec) : length x = 1%nat -> exists a, x = [a].
Proof. destruct x as [|a [|]]; try discriminate. eauto. Qed.

Lemma vec_2 (x : vec) : length x = 2%nat -> exists a b, x = [a; b].
Proof. destruct x as [|a [|b [|]]]; try discriminate. eauto. Qed.

Lemma affine_at_2 a b c x y : affine_at ([a; b], c) [x; y] = a * x + b * y + c.
Proof. unfold affine_at. simpl. ring. Qed.
