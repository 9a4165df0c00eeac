(* Finite sums. *)
Require Import Reals Lra List Arith Lia.
Import ListNotations.
Open Scope R_scope.

(* The sum of f over a list. *)
Definition sum {A} (f : A -> R) (l : list A) : R := fold_right (fun a rest => f a + rest) 0 l.

Lemma sum_ext {A} (f g : A -> R) l : (forall a, In a l -> f a = g a) -> sum f l = sum g l.
Proof.
  intros E. induction l as [|a l IH]; simpl; auto. f_equal. apply E; now left.
  apply IH. intros; apply E; now right.
Qed.

Lemma sum_pos {A} (f : A -> R) l : (forall a, 0 < f a) -> l <> [] -> 0 < sum f l.
Proof.
  intros P. induction l as [|a l IH]; [easy|]. intros _. simpl. pose proof (P a).
  destruct l as [|b l]. simpl. lra. pose proof (IH ltac:(easy)). lra.
Qed.

Lemma sum_plus {A} (f g : A -> R) l : sum (fun a => f a + g a) l = sum f l + sum g l.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_0 {A} (l : list A) : sum (fun _ => 0) l = 0.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; ring. Qed.

(* A sum with one term that is not 0. *)
Lemma sum_one (f : nat -> R) (i G : nat) : (i < G)%nat ->
  sum (fun g => if (i =? g)%nat then f g else 0) (seq 0 G) = f i.
Proof.
  cut (forall s, sum (fun g => if (i =? g)%nat then f g else 0) (seq s G) =
    if andb (s <=? i)%nat (i <? s + G)%nat then f i else 0).
  { intros H L. rewrite H. now rewrite (proj2 (Nat.ltb_lt i (0 + G)) L). }
  induction G as [|G IH]; intros s; simpl.
  - destruct (s <=? i)%nat eqn:A, (i <? s + 0)%nat eqn:B; simpl; auto.
    apply Nat.leb_le in A. apply Nat.ltb_lt in B. lia.
  - rewrite IH. destruct (i =? s)%nat eqn:C.
    + apply Nat.eqb_eq in C. subst. rewrite Nat.leb_refl.
      rewrite (proj2 (Nat.leb_gt (S s) s)), (proj2 (Nat.ltb_lt s (s + S G))) by lia. simpl. ring.
    + apply Nat.eqb_neq in C.
      replace (S s <=? i)%nat with (s <=? i)%nat.
      2: { destruct (s <=? i)%nat eqn:A; symmetry;
           [apply Nat.leb_le in A; apply Nat.leb_le | apply Nat.leb_gt in A; apply Nat.leb_gt];
           lia. }
      replace (s + S G)%nat with (S s + G)%nat by lia. simpl. ring.
Qed.

Lemma sum_app {A} (f : A -> R) l m : sum f (l ++ m) = sum f l + sum f m.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_scal {A} r (f : A -> R) l : sum (fun a => r * f a) l = r * sum f l.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_swap {A B} (f : A -> B -> R) l m :
  sum (fun a => sum (f a) m) l = sum (fun b => sum (fun a => f a b) l) m.
Proof.
  induction l as [|a l IH]; simpl. now rewrite sum_0. rewrite IH. symmetry. apply sum_plus.
Qed.

Lemma sum_map {A B} (f : B -> R) (g : A -> B) l : sum f (map g l) = sum (fun a => f (g a)) l.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; auto. Qed.

Lemma sum_ge_term {A} (f : A -> R) l a : (forall a, 0 <= f a) -> In a l -> f a <= sum f l.
Proof.
  intros P I. assert (Q : forall l, 0 <= sum f l).
  { intros m. induction m as [|b m IH]; simpl. lra. specialize (P b). lra. }
  induction l as [|b l IH]; [easy|]. simpl. destruct I as [<-|I].
  specialize (Q l). lra. specialize (P b). specialize (IH I). lra.
Qed.
