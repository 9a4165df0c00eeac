(* The part of B1 about t1 and piecewise affine activations: staircases for its derivative.

   The derivative of a network of width m is constant on at most m + 1 intervals, that of t1 is
   0 on x < 0 and 1 + 2x on x > 0. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import piecewise_affine.
Import ListNotations.
Open Scope R_scope.

(* ---- the pigeonhole principle ---- *)
(* The number of points of L strictly between a and b. *)
Definition inside (a b p : R) : bool :=
  if Rlt_dec a p then if Rlt_dec p b then true else false else false.
Definition count (L : list R) (a b : R) : nat := length (filter (inside a b) L).

Lemma count_split L a p b : a < p < b -> (count L a p + count L p b <= count L a b)%nat.
Proof.
  intros H. unfold count. induction L as [|q L IH]; simpl. lia. unfold inside in *.
  destruct (Rlt_dec a q), (Rlt_dec q p), (Rlt_dec p q), (Rlt_dec q b); simpl; lra || lia.
Qed.

Lemma count_le L a b : (count L a b <= length L)%nat.
Proof. unfold count. induction L as [|q L IH]; simpl. lia. destruct (inside a b q); simpl; lia. Qed.

Lemma count_lt L a b : In a L -> (count L a b < length L)%nat.
Proof.
  induction L as [|q L IH]; simpl; [easy|]. pose proof (count_le L a b) as C.
  unfold count in *. intros [->|I].
  - unfold inside at 1. destruct (Rlt_dec a a); simpl in *; lra || lia.
  - specialize (IH I). destruct (inside a b q); simpl; lia.
Qed.

(* If no free part of (a, b) is longer than M, then (a, b) is at most M times the number of
   its parts. *)
Lemma pigeonhole M : 0 <= M -> forall L a b, a <= b ->
  (forall c d, a <= c -> c < d -> d <= b -> free L c d -> d - c <= M) ->
  b - a <= INR (S (count L a b)) * M.
Proof.
  intros HM. induction L as [|p L IH]; intros a b Hab H.
  - simpl. destruct (Req_dec a b) as [->|Ne]. lra. pose proof (H a b) as K.
    assert (b - a <= M) by (apply K; try lra; intros q []). lra.
  - assert (Keep : forall c d, a <= c -> d <= b -> ~ c < p < d ->
      (forall u v, c <= u -> u < v -> v <= d -> free L u v -> v - u <= M)).
    { intros c d Ha Hb N u v Hu Huv Hv F. apply H; try lra. intros q [<-|I]. lra. now apply F. }
    unfold count. simpl. destruct (inside a b p) eqn:E.
    + assert (P : a < p < b).
      { unfold inside in E. destruct (Rlt_dec a p), (Rlt_dec p b); easy. }
      pose proof (IH a p ltac:(lra) (Keep a p ltac:(lra) ltac:(lra) ltac:(lra))) as A.
      pose proof (IH p b ltac:(lra) (Keep p b ltac:(lra) ltac:(lra) ltac:(lra))) as B.
      pose proof (count_split L a p b P) as C. apply le_INR in C. rewrite plus_INR in C.
      change (length (p :: filter (inside a b) L)) with (S (count L a b)).
      rewrite !S_INR in *. nra.
    + assert (P : ~ a < p < b).
      { unfold inside in E. intros [P Q]. destruct (Rlt_dec a p), (Rlt_dec p b); easy. }
      apply IH; auto. apply Keep; lra.
Qed.

(* The first point of L to the right of 0, or r, where 0 is not in L. *)
Lemma first_point L r : 0 < r -> ~ In 0 L ->
  exists e d, 0 < e /\ 0 < d <= r /\ free L (- e) d /\ (d = r \/ In d L).
Proof.
  intros Hr. induction L as [|p L IH]; intros N.
  - exists 1, r. split; [lra|split; [lra|split; [intros q []|now left]]].
  - destruct IH as [e [d [He [Hd [F D]]]]]. { intros I. apply N. now right. }
    assert (P : p <> 0) by (intros ->; apply N; now left).
    assert (D' : d = r \/ In d (p :: L)) by (destruct D; simpl; auto).
    destruct (Rle_dec p 0) as [Q|Q].
    + exists (Rmin e (- p)), d. pose proof (Rmin_l e (- p)). pose proof (Rmin_r e (- p)).
      split; [apply Rmin_glb_lt; lra|split; [lra|split; auto]].
      intros q [<-|I] J. lra. apply (F q I). lra.
    + exists e, (Rmin d p). pose proof (Rmin_l d p). pose proof (Rmin_r d p).
      split; [lra|split; [split; [apply Rmin_glb_lt; lra | lra]|split]].
      * intros q [<-|I] J. lra. apply (F q I). lra.
      * destruct (Rle_dec d p). rewrite Rmin_left; auto. right. left. rewrite Rmin_right; lra.
Qed.

(* ---- slopes ---- *)
Definition t1_of (x : R) : R := relu x + relu2 x.

Section Staircase.
Variables (f : R -> R) (M r : R).
Hypothesis Hr : 0 < r.
(* f - t1 is M-Lipschitz on (-r, r). *)
Hypothesis Lipschitz : forall x y, - r < x < r -> - r < y < r ->
  Rabs ((f x - t1_of x) - (f y - t1_of y)) <= M * Rabs (x - y).

Lemma M_pos : 0 <= M.
Proof.
  pose proof (Lipschitz 0 (r / 2) ltac:(lra) ltac:(lra)) as L.
  pose proof (Rabs_pos ((f 0 - t1_of 0) - (f (r / 2) - t1_of (r / 2)))).
  rewrite (Rabs_left (0 - r / 2)) in L by lra. nra.
Qed.

(* Where f = p x + q, the slope of the error is p - 1 - 2x for x > 0 .. *)
Lemma slope_right a b p q : 0 <= a -> a < b -> b <= r ->
  (forall x, a <= x <= b -> f x = p * x + q) ->
  Rabs (p - 1 - 2 * a) <= M /\ Rabs (p - 1 - 2 * b) <= M.
Proof.
  intros Ha Hab Hb A.
  assert (S : forall x y, a < x -> x < y -> y < b -> Rabs (p - 1 - (x + y)) <= M).
  { intros x y Hx Hxy Hy. pose proof (Lipschitz y x ltac:(lra) ltac:(lra)) as L.
    unfold t1_of in L. rewrite !A, !relu2_eq, !relu_pos in L by lra.
    replace (p * y + q - (y + y * y) - (p * x + q - (x + x * x)))
      with ((p - 1 - (x + y)) * (y - x)) in L by ring.
    rewrite Rabs_mult in L. apply Rmult_le_reg_r in L; auto. apply Rabs_pos_lt. lra. }
  assert (B : small (fun e => 2 * e < b - a)).
  { exists ((b - a) / 2). split; [lra|]. intros; lra. }
  split.
  - apply (lim0_bound (fun e => -3 * e + (p - 1 - 2 * a))).
    + revert B. apply small_imp. intros e He B.
      replace (-3 * e + (p - 1 - 2 * a)) with (p - 1 - ((a + e) + (a + 2 * e))) by ring.
      apply S; lra.
    + apply (lim0_eq _ (-3 * 0 + (p - 1 - 2 * a))); [|ring].
      apply lim0_plus; [apply lim0_scal, lim0_id | apply lim0_const].
  - apply (lim0_bound (fun e => 3 * e + (p - 1 - 2 * b))).
    + revert B. apply small_imp. intros e He B.
      replace (3 * e + (p - 1 - 2 * b)) with (p - 1 - ((b - 2 * e) + (b - e))) by ring.
      apply S; lra.
    + apply (lim0_eq _ (3 * 0 + (p - 1 - 2 * b))); [|ring].
      apply lim0_plus; [apply lim0_scal, lim0_id | apply lim0_const].
Qed.

(* .. and p for x < 0. *)
Lemma slope_left e p q : 0 < e -> (forall x, - e <= x <= 0 -> f x = p * x + q) -> Rabs p <= M.
Proof.
  intros He A. set (d := Rmin e r / 3).
  assert (D : 0 < d) by (unfold d; pose proof (Rmin_glb_lt e r 0 He Hr); lra).
  assert (De : 3 * d <= e) by (unfold d; pose proof (Rmin_l e r); lra).
  assert (Dr : 3 * d <= r) by (unfold d; pose proof (Rmin_r e r); lra).
  pose proof (Lipschitz (- d) (- (2 * d)) ltac:(lra) ltac:(lra)) as L.
  unfold t1_of in L. rewrite !A, !relu2_eq, !relu_neg in L by lra.
  replace (p * - d + q - (0 + 0 * 0) - (p * - (2 * d) + q - (0 + 0 * 0)))
    with (p * d) in L by ring.
  replace (- d - - (2 * d)) with d in L by ring.
  rewrite Rabs_mult in L. apply Rmult_le_reg_r in L; auto. apply Rabs_pos_lt. lra.
Qed.

(* A free interval to the right of 0 is at most M long. *)
Lemma free_length L : affine_off L f -> forall a b, 0 <= a -> a < b -> b <= r -> free L a b ->
  b - a <= M.
Proof.
  intros H a b Ha Hab Hb F. destruct (H a b Hab F) as [p [q A]].
  destruct (slope_right a b p q Ha Hab Hb A) as [B C]. apply Rabs_le_between in B, C. lra.
Qed.

(* r <= m M if 0 is among the m points of L, and r + 1/2 <= (m + 1) M otherwise. *)
Theorem staircase L : affine_off L f ->
  r <= INR (length L) * M \/ r + 1 / 2 <= INR (S (length L)) * M.
Proof.
  intros H. pose proof M_pos as HM. destruct (in_dec Req_EM_T 0 L) as [I|N].
  - left. pose proof (pigeonhole M HM L 0 r ltac:(lra)) as P.
    assert (Q : r - 0 <= INR (S (count L 0 r)) * M).
    { apply P. intros c d Hc Hcd Hd F. now apply (free_length L H). }
    pose proof (count_lt L 0 r I) as C. apply le_INR in C. nra.
  - right. destruct (first_point L r Hr N) as [e [d [He [Hd [F D]]]]].
    destruct (H (- e) d ltac:(lra) F) as [p [q A]].
    assert (B : 1 / 2 + d <= M).
    { pose proof (slope_left e p q He ltac:(intros; apply A; lra)) as B.
      destruct (slope_right 0 d p q ltac:(lra) ltac:(lra) ltac:(lra) ltac:(intros; apply A; lra))
        as [_ C]. apply Rabs_le_between in B, C. lra. }
    rewrite S_INR. destruct D as [->|D]. pose proof (pos_INR (length L)). nra.
    assert (Q : r - d <= INR (S (count L d r)) * M).
    { apply pigeonhole; auto; try lra. intros u v Hu Huv Hv G. apply (free_length L H); lra || auto. }
    pose proof (count_lt L d r D) as C. apply le_INR in C. nra.
Qed.
End Staircase.
