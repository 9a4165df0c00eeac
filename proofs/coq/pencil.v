(* Hyperplanes that meet: what shared coefficients cannot do.

   A type1 network with G groups jumps across each hyperplane by numbers times the same G
   functions kappa_g (L2). So at the points that G + 1 hyperplanes have in common some
   combination of its jumps is 0; and for one group the jumps across three hyperplanes that meet
   two by two obey a product formula. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes.
From Expressivity Require Import gates networks domains amplitude target_amplitude.
From Expressivity Require Import shared_amplitude.
Import ListNotations.
Open Scope R_scope.

(* ---- more vectors than dimensions are linearly dependent ---- *)
(* The vectors A_i, i in l, of R^G. *)
Lemma dependent (G : nat) : forall (A : nat -> nat -> R) (l : list nat),
  NoDup l -> (G < length l)%nat -> exists a : nat -> R, (exists i, In i l /\ a i <> 0) /\
    forall g, (g < G)%nat -> sum (fun i => a i * A i g) l = 0.
Proof.
  induction G as [|G IH]; intros A l D L.
  - destruct l as [|i l]; [simpl in L; lia|]. exists (fun _ => 1). split.
    exists i. split. now left. lra. intros; lia.
  - destruct (Exists_dec (fun i => A i G <> 0) l) as [E|E].
    { intros i. destruct (Req_EM_T (A i G) 0); [right|left]; auto. }
    + apply Exists_exists in E. destruct E as [p [I Hp]].
      destruct (in_split p l I) as [l1 [l2 ->]]. apply NoDup_remove in D. destruct D as [D Np].
      destruct (IH (fun i g => A i g - A i G / A p G * A p g) (l1 ++ l2) D) as [a [Ha S]].
      { rewrite app_length in *. simpl in L. lia. }
      set (rest := sum (fun i => a i * A i G) (l1 ++ l2)).
      exists (fun i => if Nat.eq_dec i p then - rest / A p G else a i). split.
      { destruct Ha as [i [J Hi]]. exists i. split. apply in_app_iff in J. apply in_app_iff.
        simpl. tauto. destruct (Nat.eq_dec i p) as [->|]; tauto. }
      intros g Hg.
      assert (R : forall f, sum (fun i => (if Nat.eq_dec i p then - rest / A p G else a i) * f i)
        (l1 ++ p :: l2) = - rest / A p G * f p + sum (fun i => a i * f i) (l1 ++ l2)).
      { intros f. rewrite !sum_app. simpl. destruct (Nat.eq_dec p p) as [_|]; [|tauto].
        assert (Q : forall k, incl k (l1 ++ l2) ->
          sum (fun i => (if Nat.eq_dec i p then - rest / A p G else a i) * f i) k =
          sum (fun i => a i * f i) k).
        { intros k K. apply sum_ext. intros i Ik. destruct (Nat.eq_dec i p) as [->|]; auto.
          exfalso. auto. }
        rewrite (Q l1), (Q l2) by (apply incl_appl, incl_refl || apply incl_appr, incl_refl).
        ring. }
      rewrite R. destruct (Nat.eq_dec g G) as [->|N].
      * fold rest. field. exact Hp.
      * rewrite <- (S g) by lia.
        rewrite (sum_ext (fun i => a i * (A i g - A i G / A p G * A p g))
          (fun i => a i * A i g + - (A p g / A p G) * (a i * A i G))).
        2: { intros; field; exact Hp. }
        rewrite sum_plus, sum_scal. fold rest. field. exact Hp.
    + destruct (IH A l D ltac:(lia)) as [a [Ha S]]. exists a. split; auto.
      intros g Hg. destruct (Nat.eq_dec g G) as [->|N]. 2: apply S; lia.
      rewrite <- (sum_0 l). apply sum_ext. intros i I.
      destruct (Req_EM_T (A i G) 0) as [->|Z]. ring. exfalso. apply E, Exists_exists. eauto.
Qed.

(* ---- the pencil ---- *)
(* f jumps by J across {n.x = h}, x is one of its points, P contains an open set about x, and J
   is continuous there along the hyperplane. *)
Record jump_known (P : vec -> Prop) (f : vec -> R) n h (J : vec -> R) (x : vec) : Prop := {
  normal_not_0 : 0 < dot n n;
  by_J : jumps_by f n h J;
  on_it : on n h x;
  in_domain : around P x;
  continuous_J : continuous_along n J x }.

(* Some combination of the jumps across G + 1 hyperplanes, not trivial, is small wherever all
   of them meet, if f differs from a network by an M-Lipschitz function; with M = 0, it is 0
   for every target that is equal to a network. *)
Theorem pencil P M A ks g f (n : nat -> vec) (h : nat -> R) :
  neuron A = type1 -> Forall2 kinked (dictionary A) ks -> member A g ->
  lipschitz_on (dimension A) P M (fun y => f y - g y) ->
  (forall i, length (n i) = dimension A) ->
  let planes := seq 0 (S (groups A)) in
  exists a : nat -> R, (exists i, In i planes /\ a i <> 0) /\
    forall J x, (forall i, In i planes -> jump_known P f (n i) (h i) (J i) x) ->
      Rabs (sum (fun i => a i * J i x) planes) <=
        2 * M * sum (fun i => Rabs (a i) * norm (n i)) planes.
Proof.
  intros F HD [c [N Hg]] HM Hn planes.
  destruct (dependent (groups A) (fun i => group_amplitude N (n i) (h i)) planes)
    as [a [Ha S]]. apply seq_NoDup. unfold planes. rewrite seq_length. lia.
  exists a. split; auto. intros J x HJ.
  set (K := fun i => shared_jump (groups A) ks c N (n i) (h i) x).
  assert (Z : sum (fun i => a i * K i) planes = 0).
  { unfold K, shared_jump.
    rewrite (sum_ext _ (fun i => sum (fun g => a i * (group_amplitude N (n i) (h i) g *
      kappa ks c g x)) (seq 0 (groups A)))) by (intros; now rewrite sum_scal).
    rewrite sum_swap, <- (sum_0 (seq 0 (groups A))). apply sum_ext. intros b B.
    rewrite (sum_ext _ (fun i => kappa ks c b x * (a i * group_amplitude N (n i) (h i) b)))
      by (intros; ring).
    rewrite sum_scal, S. ring. apply in_seq in B. lia. }
  rewrite <- (Rminus_0_r (sum _ _)), <- Z.
  assert (B : forall i, In i planes -> Rabs (J i x - K i) <= 2 * (M * norm (n i))).
  { intros i I. destruct (HJ i I) as [HN HB HO HP HC]. unfold K.
    now apply (L2_near P M A ks c N g f (n i) (h i) (J i)). }
  clear - B. induction planes as [|i l IH]; simpl. rewrite Rminus_0_r, Rabs_R0. lra.
  pose proof (B i (or_introl eq_refl)) as Bi. specialize (IH (fun j I => B j (or_intror I))).
  replace (a i * J i x + sum (fun i => a i * J i x) l - (a i * K i + sum (fun i => a i * K i) l))
    with (a i * (J i x - K i) + (sum (fun i => a i * J i x) l - sum (fun i => a i * K i) l))
    by ring.
  eapply Rle_trans. apply Rabs_triang. rewrite Rabs_mult. pose proof (Rabs_pos (a i)). nra.
Qed.

(* ---- three hyperplanes that meet two by two ---- *)
(* One group: the jump across {n.x = h} at p is a number of the hyperplane times a number of the
   point, up to 2 M abs(n) as above. *)
Lemma one_group P M A ks g f : neuron A = type1 -> groups A = 1%nat ->
  Forall2 kinked (dictionary A) ks -> member A g ->
  lipschitz_on (dimension A) P M (fun y => f y - g y) ->
  exists (a : vec -> R -> R) (kappa : vec -> R), forall n h J p, length n = dimension A ->
    jump_known P f n h J p -> Rabs (J p - a n h * kappa p) <= 2 * (M * norm n).
Proof.
  intros F G HD [c [N Hg]] HM.
  exists (fun n h => group_amplitude N n h 0), (kappa ks c 0). intros n h J p D [HN HB HO HP HC].
  pose proof (L2_near P M A ks c N g f n h J p F HD Hg D HN HO HP HM HB HC) as B.
  unfold shared_jump in B. rewrite G in B. simpl in B. now rewrite Rplus_0_r in B.
Qed.

(* So J1(p12) J2(p23) J3(p13) = J2(p12) J3(p23) J1(p13) for a target that is a network with one
   group: both are the product of the numbers of all hyperplanes and points. *)
Theorem cocycle P A ks f n1 n2 n3 h1 h2 h3 J1 J2 J3 p12 p13 p23 :
  neuron A = type1 -> groups A = 1%nat -> Forall2 kinked (dictionary A) ks ->
  length n1 = dimension A -> length n2 = dimension A -> length n3 = dimension A ->
  jump_known P f n1 h1 J1 p12 -> jump_known P f n1 h1 J1 p13 ->
  jump_known P f n2 h2 J2 p12 -> jump_known P f n2 h2 J2 p23 ->
  jump_known P f n3 h3 J3 p13 -> jump_known P f n3 h3 J3 p23 ->
  J1 p12 * J2 p23 * J3 p13 <> J2 p12 * J3 p23 * J1 p13 -> outside P A f.
Proof.
  intros F G HD D1 D2 D3 K112 K113 K212 K223 K313 K323 Ne g Hg E. apply Ne.
  apply equal_lipschitz in E. destruct (one_group P 0 A ks g f F G HD Hg E) as [a [k B]].
  assert (L : forall n h J p, length n = dimension A -> jump_known P f n h J p ->
    J p = a n h * k p).
  { intros n h J p D K. specialize (B n h J p D K). rewrite Rmult_0_l, Rmult_0_r in B.
    destruct (Req_dec (J p - a n h * k p) 0) as [|Q]. lra. apply Rabs_pos_lt in Q. lra. }
  rewrite (L _ _ _ _ D1 K112), (L _ _ _ _ D1 K113), (L _ _ _ _ D2 K212), (L _ _ _ _ D2 K223),
    (L _ _ _ _ D3 K313), (L _ _ _ _ D3 K323). ring.
Qed.
