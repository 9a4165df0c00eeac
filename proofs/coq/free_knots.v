(* Piecewise affine networks on a line: knots, and pieces between them.

   A network of m type1 neurons with constant coefficients over activations that are affine on
   either side of 0 is affine between its m knots. Their number bounds the lengths of pieces. *)
Require Import Reals Lra Lia.
Require Import List Arith.
From Expressivity Require Import limits activations vectors gates networks.
From Expressivity Require Import lines smoothness_classes.
Import ListNotations.
Open Scope R_scope.

(* Where the neurons kink (one of slope 0 nowhere: any place will do for it). *)
Definition knots (N : list weights) : list R := map (fun nu => - bias_of nu 0 / slope_of nu 0) N.

(* No knot is inside (a, b). *)
Definition free (S : list R) (a b : R) : Prop := forall s, In s S -> s <= a \/ b <= s.

Lemma two_pieces_mix D : Forall two_pieces D -> forall c,
  two_pieces (fun z => mix c (values D z)).
Proof.
  intros H. induction H as [|s D [l [r E]] _ IH]; intros c.
  - exists 0, 0. intros z. simpl. split; intros; ring.
  - destruct (IH (fun k => c (S k))) as [l' [r' E']].
    exists (c 0%nat * l + l'), (c 0%nat * r + r'). intros z.
    destruct (E z) as [A B]. destruct (E' z) as [A' B']. split; intros Z; simpl.
    rewrite A, A'; auto; ring. rewrite B, B'; auto; ring.
Qed.

(* Between its knots a network is affine. *)
Lemma affine_between D alpha N a b : Forall two_pieces D -> free (knots N) a b ->
  exists p q, forall u, a < u < b -> network type1 D (constants alpha) N [u] = p * u + q.
Proof.
  intros HD F. induction N as [|nu N IH].
  - exists 0, 0. intros. simpl. ring.
  - destruct IH as [p [q H]]. { intros s I. apply F. now right. }
    set (w := slope_of nu 0). set (c := bias_of nu 0).
    destruct (two_pieces_mix D HD (alpha (group nu) 0%nat)) as [l [r E]].
    assert (V : exists k, forall u, a < u < b ->
      mix (alpha (group nu) 0%nat) (values D (w * u + c)) = k * (w * u + c)).
    { destruct (Req_dec w 0) as [W|W].
      - destruct (Rle_dec 0 c); [exists r|exists l]; intros u _; apply E; rewrite W; lra.
      - assert (K : forall u, w * u + c = w * (u - - c / w)) by (intros; field; auto).
        assert (S : - c / w <= a \/ b <= - c / w) by (apply F; now left).
        destruct (Rle_dec 0 w), S as [S|S];
          [exists r|exists l|exists l|exists r]; intros u Hu; apply E; rewrite K; nra. }
    destruct V as [k V]. exists (out nu * (k * w) + p), (out nu * (k * c) + q). intros u Hu.
    change (out nu * neuron_value type1 D (constants alpha) nu [u] +
      network type1 D (constants alpha) N [u] =
      (out nu * (k * w) + p) * u + (out nu * (k * c) + q)).
    rewrite H by auto. unfold neuron_value. cbn [combine_form]. rewrite affine_at_line.
    unfold line. fold w c. unfold constants. rewrite V by auto. ring.
Qed.

(* Constant coefficients: la, or fixed. *)
Lemma constant_kind A c : kind A = la \/ kind A = fixed ->
  of_kind (kind A) (size (neuron A) (length (dictionary A))) (dimension A) c ->
  exists alpha, c = constants alpha.
Proof.
  intros [-> | ->]; simpl; auto. intros [i [_ ->]].
  now exists (fun _ _ k => if (k =? i)%nat then 1 else 0).
Qed.

(* ---- lengths ---- *)
(* A bound for pairs of points inside an interval holds for its ends. *)
Lemma length_bound a b K : 0 <= K -> (forall x y, a < x < y -> y < b -> y - x <= K) -> b - a <= K.
Proof.
  intros HK H. destruct (Rle_dec (b - a) K) as [|N]; auto. exfalso.
  specialize (H (a + (b - a - K) / 4) (b - (b - a - K) / 4) ltac:(lra) ltac:(lra)). lra.
Qed.

Lemma filter_parts {A} (f : A -> bool) l :
  (length (filter f l) + length (filter (fun t => negb (f t)) l) = length l)%nat.
Proof. induction l as [|t l IH]; simpl; auto. destruct (f t); simpl; lia. Qed.

(* If a cost L of intervals is subadditive, and at most M for intervals without a knot, then it
   is at most (number of knots + 1) M. *)
Lemma pigeonhole (L : R -> R -> R) M lo hi S : 0 <= M ->
  (forall a s b, lo <= a -> a < s < b -> b <= hi -> L a b <= L a s + L s b) ->
  (forall a b, lo <= a < b -> b <= hi -> free S a b -> L a b <= M) ->
  forall a b, lo <= a < b -> b <= hi -> L a b <= (INR (length S) + 1) * M.
Proof.
  intros HM Sub Free.
  cut (forall n T a b, (length T <= n)%nat -> lo <= a < b -> b <= hi ->
    (forall s, In s S -> a < s < b -> In s T) -> L a b <= (INR (length T) + 1) * M).
  { intros H a b Ha Hb. apply (H (length S) S); auto. }
  induction n as [|n IH]; intros T a b HT Ha Hb HS.
  - destruct T; [|simpl in HT; lia]. simpl. rewrite Rplus_0_l, Rmult_1_l. apply Free; auto.
    intros s I. destruct (Rle_dec s a); auto. destruct (Rle_dec b s); auto.
    exfalso. apply (HS s I). lra.
  - set (inside s := if Rlt_dec a s then if Rlt_dec s b then true else false else false).
    destruct (existsb inside T) eqn:X.
    + apply existsb_exists in X. destruct X as [s [I Is]].
      unfold inside in Is. destruct (Rlt_dec a s) as [A|]; [|easy].
      destruct (Rlt_dec s b) as [B|]; [|easy].
      destruct (in_split s T I) as [T1 [T2 ->]]. rewrite app_length in *. simpl in HT.
      set (below t := if Rlt_dec t s then true else false).
      set (left := filter below (T1 ++ T2)).
      set (right := filter (fun t => negb (below t)) (T1 ++ T2)).
      pose proof (filter_parts below (T1 ++ T2)) as C. fold left right in C.
      rewrite app_length in C.
      assert (Q : forall t, In t (T1 ++ s :: T2) -> t <> s -> In t (T1 ++ T2)).
      { intros t J E. apply in_app_iff in J. apply in_app_iff. simpl in J. intuition congruence. }
      pose proof (IH left a s ltac:(lia) ltac:(lra) ltac:(lra)) as HL.
      pose proof (IH right s b ltac:(lia) ltac:(lra) ltac:(lra)) as HR.
      pose proof (Sub a s b ltac:(lra) ltac:(lra) Hb) as HLR.
      replace (INR (length T1 + length (s :: T2)) + 1) with
        ((INR (length left) + 1) + (INR (length right) + 1)).
      * rewrite Rmult_plus_distr_r. eapply Rle_trans; [apply HLR|]. apply Rplus_le_compat.
        -- apply HL. intros t J K. apply filter_In. split. apply Q; [apply HS|]; auto; lra.
           unfold below. destruct (Rlt_dec t s); auto; lra.
        -- apply HR. intros t J K. apply filter_In. split. apply Q; [apply HS|]; auto; lra.
           unfold below. destruct (Rlt_dec t s); auto; lra.
      * simpl length. rewrite Nat.add_succ_r, <- C, S_INR, plus_INR. ring.
    + apply Rle_trans with M.
      * apply Free; auto. intros s I. destruct (Rle_dec s a); auto.
        destruct (Rle_dec b s); auto. exfalso.
        assert (J : In s T) by (apply HS; auto; lra).
        assert (E : existsb inside T = true).
        { apply existsb_exists. exists s. split; auto. unfold inside.
          destruct (Rlt_dec a s); [|lra]. destruct (Rlt_dec s b); [auto|lra]. }
        congruence.
      * pose proof (pos_INR (length T)). nra.
Qed.
