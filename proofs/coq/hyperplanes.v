(* Hyperplanes, and the directions inside them.

   The generic direction: from any point of a hyperplane one can move, inside it, away from
   the zeros of finitely many affine maps at once, but for maps that are 0 on all of it. So
   "off finitely many sets of lower dimension" is "at x + u t, for all small u > 0" here. *)
Require Import Reals Lra List.
From Expressivity Require Import limits vectors.
Import ListNotations.
Open Scope R_scope.

(* x is a point of {n.x = h}. *)
Definition on (n : vec) (h : R) (x : vec) : Prop := length x = length n /\ dot n x = h.

(* An affine map is 0 on {n.x = h} if it is s n.x - s h for a number s. *)
Definition vanishes_on (n : vec) (h : R) (l : affine) : Prop :=
  let s := dot (fst l) n / dot n n in fst l = map (Rmult s) n /\ snd l = - (s * h).

Lemma vanishes_on_dec n h l : {vanishes_on n h l} + {~ vanishes_on n h l}.
Proof.
  unfold vanishes_on. set (s := dot (fst l) n / dot n n).
  destruct (list_eq_dec Req_EM_T (fst l) (map (Rmult s) n)) as [E|E].
  - destruct (Req_EM_T (snd l) (- (s * h))); [left|right]; tauto.
  - right. tauto.
Qed.

Lemma vanishes_on_zero n h l x : vanishes_on n h l -> on n h x -> affine_at l x = 0.
Proof. intros [W B] [_ X]. unfold affine_at. rewrite W, B, dot_map, X. ring. Qed.

(* x is not among the zeros of an affine map, but for maps that are 0 on all of {n.x = h}. *)
Definition off (n : vec) (h : R) (x : vec) (l : affine) : Prop :=
  vanishes_on n h l \/ affine_at l x <> 0.

(* Moving inside a hyperplane. *)
Lemma on_move n h x t u : length t = length n -> dot n t = 0 -> on n h x -> on n h (move x t u).
Proof.
  intros T N [L X]. split. rewrite length_move; congruence.
  rewrite dot_move, N by congruence. lra.
Qed.

(* A map that is 0 at a point of a hyperplane, but not on all of it, changes along a direction
   of the hyperplane: the part of w that is orthogonal to n. *)
Lemma direction_of_change n h l x : 0 < dot n n -> length (fst l) = length n -> on n h x ->
  ~ vanishes_on n h l -> affine_at l x = 0 ->
  exists t, length t = length n /\ dot n t = 0 /\ dot (fst l) t <> 0.
Proof.
  intros N L [X H] V Z. set (w := fst l) in *. set (s := dot w n / dot n n).
  exists (move w n (- s)).
  assert (O : dot n (move w n (- s)) = 0).
  { rewrite dot_move, (dot_comm n w) by auto. unfold s. field. lra. }
  split; [|split]; auto. rewrite length_move; auto. intros E. apply V.
  assert (S : dot (move w n (- s)) (move w n (- s)) = 0).
  { rewrite dot_move, (dot_comm _ n), (dot_comm _ w), O, E by auto. ring. }
  assert (W : w = map (Rmult s) n).
  { revert S. clear - L. revert L. unfold move. clearbody w s. revert w.
    induction n as [|b n IH]; intros [|a w]; simpl; try discriminate; auto. intros Ln S.
    pose proof (dot_self (map (fun p => fst p + - s * snd p) (combine w n))).
    pose proof (Rle_0_sqr (a + - s * b)) as Q. unfold Rsqr in Q.
    assert (A : (a + - s * b) * (a + - s * b) = 0) by lra.
    rewrite (IH w) by (congruence || lra). f_equal. apply Rmult_integral in A. lra. }
  split; auto. change (dot w x + snd l = 0) in Z. rewrite W, dot_map, H in Z.
  change (snd l = - (s * h)). lra.
Qed.

Theorem generic_direction n h (E : list affine) x : 0 < dot n n -> on n h x ->
  Forall (fun l => length (fst l) = length n) E ->
  exists t, length t = length n /\ dot n t = 0 /\
    small (fun u => Forall (off n h (move x t u)) E).
Proof.
  intros N H F. set (moves l t := vanishes_on n h l \/ dot (fst l) t <> 0 \/ affine_at l x <> 0).
  cut (exists t, length t = length n /\ dot n t = 0 /\ Forall (fun l => moves l t) E).
  { intros [t [T [O M]]]. exists t. repeat split; auto. clear F.
    induction M as [|l E M _ IH]. now apply small_all.
    apply (small_imp (fun u => off n h (move x t u) l /\
      Forall (off n h (move x t u)) E)).
    { intros u _ [A B]. now constructor. }
    apply small_and; auto. destruct M as [V|M]. apply small_all; now left.
    generalize (small_nonzero _ _ M). apply small_imp. intros u _ A. right.
    destruct H. now rewrite affine_at_move by congruence. }
  induction F as [|l E L F [t [T [O M]]]].
  - exists (zeros (length n)). split; [|split]; auto. apply repeat_length.
    rewrite dot_comm. apply dot_zeros.
  - destruct (vanishes_on_dec n h l) as [V|V]. exists t; repeat split; auto. constructor; auto.
    now left.
    destruct (Req_EM_T (affine_at l x) 0) as [Z|Z].
    2: { exists t; repeat split; auto. constructor; auto. now right; right. }
    destruct (direction_of_change n h l x N L H V Z) as [t' [T' [O' M']]].
    assert (S : small (fun u => Forall (fun l => moves l (move t t' u)) (l :: E))).
    { assert (S : forall l, moves l t \/ dot (fst l) t' <> 0 ->
        small (fun u => moves l (move t t' u))).
      { intros k K. assert (C : vanishes_on n h k \/ affine_at k x <> 0 \/
          (dot (fst k) t' <> 0 \/ dot (fst k) t <> 0)) by (unfold moves in K; tauto).
        destruct C as [C|[C|C]]. 1, 2: apply small_all; unfold moves; tauto.
        generalize (small_nonzero _ _ C). apply small_imp. intros u _ A. right. left.
        now rewrite dot_move by congruence. }
      assert (C : Forall (fun k => moves k t \/ dot (fst k) t' <> 0) (l :: E)).
      { constructor; auto. revert M. apply Forall_impl. tauto. }
      clear - S C. induction C as [|k ks C _ IH]. now apply small_all.
      generalize (small_and _ _ (S k C) IH). apply small_imp. intros u _ [A B].
      now constructor. }
    destruct (small_exists _ S) as [u [_ A]]. exists (move t t' u). repeat split; auto.
    rewrite length_move; congruence. rewrite dot_move, O, O' by congruence. ring.
Qed.

(* The points of {x2 = 0} in the plane. *)
Lemma on_axis u : on [0; 1] 0 [u; 0].
Proof. split; auto. simpl. ring. Qed.

Lemma on_axis_inv x : on [0; 1] 0 x -> exists u, x = [u; 0].
Proof.
  intros [L E]. destruct (vec_2 x L) as [a [b ->]]. exists a. simpl in E. do 2 f_equal. lra.
Qed.
