(* A target that is a network jumps across a hyperplane by the network's amplitude.

   The amplitude is continuous along the hyperplane: so it is known at every point of it, also
   at those where other neurons kink, as the limit of jumps nearby. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes.
From Expressivity Require Import gates networks domains amplitude.
Import ListNotations.
Open Scope R_scope.

(* f jumps by J(x) at the points x of {n.x = h}, off finitely many sets of lower dimension. *)
Definition jumps_by (f : vec -> R) (n : vec) (h : R) (J : vec -> R) : Prop :=
  exists E, Forall (fun l : affine => length (fst l) = length n) E /\
    forall x, on n h x -> Forall (off n h x) E -> jump (fun u => f (move x n u)) (J x).

Lemma jumps_by_ext f g n h J : (forall x, length x = length n -> f x = g x) ->
  jumps_by f n h J -> jumps_by g n h J.
Proof.
  intros E [M [HM H]]. exists M. split; auto. intros x Hx S. generalize (H x Hx S).
  apply jump_ext. intros u. apply E. destruct Hx. rewrite length_move; congruence.
Qed.

(* J is continuous at x along the lines in {n.x = h}. *)
Definition continuous_along (n : vec) (J : vec -> R) (x : vec) : Prop :=
  forall t, length t = length n -> dot n t = 0 -> lim0 (fun u => J (move x t u)) (J x).

(* ---- amplitudes are continuous ---- *)
Lemma lim0_mix (c : nat -> R -> R) (c0 : nat -> R) (p : list (R -> R)) (p0 : list R) :
  Forall2 lim0 p p0 -> (forall k, (k < length p)%nat -> lim0 (c k) (c0 k)) ->
  lim0 (fun u => mix (fun k => c k u) (map (fun q => q u) p)) (mix c0 p0).
Proof.
  intros H. revert c c0. induction H as [|q q0 p p0 Hq _ IH]; intros c c0 Hc; simpl.
  - apply lim0_const.
  - apply lim0_plus.
    + apply lim0_mult; auto. apply Hc. simpl. lia.
    + apply (IH (fun k => c (S k)) (fun k => c0 (S k))). intros k Hk. apply Hc. simpl. lia.
Qed.

Lemma lim0_mix_numbers (c : nat -> R -> R) (c0 : nat -> R) (p : list R) :
  (forall k, (k < length p)%nat -> lim0 (c k) (c0 k)) ->
  lim0 (fun u => mix (fun k => c k u) p) (mix c0 p).
Proof.
  intros Hc. apply (lim0_ext (fun u => mix (fun k => c k u)
    (map (fun q => q u) (map (fun a _ => a) p)))).
  { intros u _. now rewrite map_map, map_id. }
  apply lim0_mix. 2: now rewrite map_length.
  clear Hc. induction p; simpl; constructor; auto. apply lim0_const.
Qed.

Section AlongALine.
Variables (D : list (R -> R)) (ks : list R) (HD : Forall2 kinked D ks).
Variables (x t : vec) (L : length x = length t).

Lemma lim0_mixture c c0 l : (forall k, (k < length D)%nat -> lim0 (c k) (c0 k)) ->
  lim0 (fun u => mix (fun k => c k u) (values D (affine_at l (move x t u))))
    (mix c0 (values D (affine_at l x))).
Proof.
  intros Hc. apply (lim0_ext (fun u => mix (fun k => c k u) (map (fun q => q u) (pieces D x t l)))).
  intros u _. now rewrite pieces_at.
  apply lim0_mix. 2: { unfold pieces. now rewrite map_length. }
  unfold pieces, values. clear Hc. revert HD. generalize D ks. intros D' ks' H.
  induction H as [|s k D' ks' Hs _ IH]; simpl; constructor; auto.
  apply (lim0_ext (fun u => s (dot (fst l) t * u + affine_at l x))).
  intros; now rewrite affine_at_move. now apply (kinked_lim s k).
Qed.

Lemma lim0_neuron_amplitude F d c weight nu :
  differentiable (size F (length D)) d c -> length t = d ->
  lim0 (fun u => neuron_amplitude F D ks c weight nu (move x t u))
    (neuron_amplitude F D ks c weight nu x).
Proof.
  intros Hc Hd. unfold neuron_amplitude.
  set (z := map_of nu 0). set (y := map_of nu 1). set (g := group nu).
  assert (C : forall side k, (k < size F (length D))%nat ->
    lim0 (fun u => c g side k (move x t u)) (c g side k x)).
  { intros side k Hk. apply (lim0_eq _ (c g side k (move x t 0))); [|now rewrite move_0].
    apply (lim0_of_derive (fun u => c g side k (move x t u))). apply Hc; congruence. }
  assert (W : forall a, length (map (Rmult a) ks) = length D).
  { intros. rewrite map_length. now apply kinks_length. }
  destruct F; simpl in *.
  - apply (lim0_mix_numbers (fun k u => c g 0%nat k (move x t u))). rewrite W. auto.
  - apply lim0_mult.
    + apply (lim0_mix_numbers (fun k u => c g 0%nat k (move x t u))). rewrite W. auto.
    + apply (lim0_eq _ (affine_at y (move x t 0))); [|now rewrite move_0].
      apply (lim0_of_derive (fun u => affine_at y (move x t u))), ex_derive_affine, L.
  - apply lim0_plus; apply lim0_mult.
    + apply (lim0_mixture (fun k u => c g 0%nat k (move x t u))); auto.
    + apply (lim0_mix_numbers (fun k u => c g 1%nat k (move x t u))). rewrite W. auto.
    + apply (lim0_mix_numbers (fun k u => c g 0%nat k (move x t u))). rewrite W. auto.
    + apply (lim0_mixture (fun k u => c g 1%nat k (move x t u))); auto.
  - assert (N : forall k l, (k < length D)%nat -> (l < length D)%nat ->
      (k * length D + l < length D * length D)%nat) by (intros; nia).
    apply lim0_plus.
    + apply (lim0_mix_numbers (fun k u => rows (fun i => c g 0%nat i (move x t u))
        (values D (affine_at y (move x t u))) k)). rewrite W. intros k Hk. unfold rows, values.
      apply (lim0_ext (fun u => mix (fun l => c g 0%nat (k * length D + l)%nat (move x t u))
        (values D (affine_at y (move x t u))))). intros; now rewrite map_length.
      rewrite map_length.
      apply (lim0_mixture (fun l u => c g 0%nat (k * length D + l)%nat (move x t u))). auto.
    + apply (lim0_mixture (fun k u => rows (fun i => c g 0%nat i (move x t u))
        (map (Rmult (weight y)) ks) k)). intros k Hk. unfold rows. rewrite W.
      apply (lim0_mix_numbers (fun l u => c g 0%nat (k * length D + l)%nat (move x t u))).
      rewrite W. auto.
Qed.

Lemma lim0_amplitude F d c weight N :
  differentiable (size F (length D)) d c -> length t = d ->
  lim0 (fun u => amplitude F D ks c weight N (move x t u)) (amplitude F D ks c weight N x).
Proof.
  intros Hc Hd. unfold amplitude. induction N as [|nu N IH]; simpl. apply lim0_const.
  apply lim0_plus; auto. now apply lim0_scal, (lim0_neuron_amplitude F d).
Qed.
End AlongALine.

(* ---- the amplitude across a hyperplane ---- *)
(* Off its kinks, a map that is 0 at a point of the hyperplane is 0 on all of it. *)
Lemma crossing_across n h x l : on n h x -> off n h x l -> crossing n x l = across n h l.
Proof.
  intros Hx O. unfold crossing, across. destruct O as [V|Z].
  - destruct (vanishes_on_dec n h l) as [_|V']; [|tauto].
    rewrite (vanishes_on_zero n h _ x) by auto. destruct (Req_EM_T 0 0); tauto.
  - destruct (Req_EM_T _ 0); [tauto|]. destruct (vanishes_on_dec n h l) as [V|]; auto.
    exfalso. apply Z. now apply (vanishes_on_zero n h).
Qed.

(* So off the kinks of other neurons a network jumps by what is 0 on the hyperplane. *)
Lemma amplitude_across F D ks c n h N x : on n h x ->
  Forall (fun nu => Forall (off n h x) (maps nu)) N ->
  amplitude F D ks c (crossing n x) N x = amplitude F D ks c (across n h) N x.
Proof.
  intros Hx H. unfold amplitude. apply sum_ext. intros nu I. f_equal.
  rewrite Forall_forall in H. specialize (H nu I). unfold neuron_amplitude.
  assert (E : forall i, crossing n x (map_of nu i) = across n h (map_of nu i)).
  { intros i. unfold map_of. destruct (nth_in_or_default i (maps nu) ([], 0)) as [J| ->].
    - rewrite Forall_forall in H. now apply crossing_across, H.
    - unfold crossing, across. simpl. rewrite Rabs_R0.
      destruct (Req_EM_T _ 0), (vanishes_on_dec n h _); auto. }
  now rewrite !E.
Qed.

(* The amplitude across {n.x = h} of a network that is f. *)
Definition amplitude_on A ks c N n h : vec -> R :=
  amplitude (neuron A) (dictionary A) ks c (across n h) N.

Theorem network_jumps_by A ks c N f n h :
  Forall2 kinked (dictionary A) ks -> represents A c N f ->
  length n = dimension A -> 0 < dot n n ->
  jumps_by f n h (amplitude_on A ks c N n h).
Proof.
  intros HD [Hc [HN [_ Hf]]] Hd Hn. apply of_kind_differentiable in Hc.
  exists (flat_map maps N). split.
  - apply Forall_forall. intros l I. apply in_flat_map in I. destruct I as [nu [I I']].
    rewrite Forall_forall in HN. destruct (HN nu I) as [_ [_ O]].
    rewrite Forall_forall in O. destruct (O l I') as [O' _]. congruence.
  - intros x Hx S. unfold amplitude_on.
    rewrite <- (amplitude_across _ _ _ _ n h N x) by
      (auto; apply Forall_forall; intros nu I; apply Forall_forall; intros l I';
       rewrite Forall_forall in S; apply S, in_flat_map; eauto).
    destruct Hx as [Lx _].
    apply (jump_ext (fun u => network (neuron A) (dictionary A) c N (move x n u))).
    { intros u. symmetry. apply Hf. rewrite length_move; congruence. }
    now apply (jump_network _ _ HD _ _ Lx _ (dimension A)).
Qed.

Lemma network_amplitude_continuous A ks c N f n h x :
  Forall2 kinked (dictionary A) ks -> represents A c N f ->
  length n = dimension A -> length x = length n ->
  continuous_along n (amplitude_on A ks c N n h) x.
Proof.
  intros HD [Hc _] Hd Hx t Ht _. apply of_kind_differentiable in Hc.
  apply (lim0_amplitude _ _ HD x t) with (d := dimension A); auto; congruence.
Qed.

(* If f and g differ by an M-Lipschitz function about x, their jumps across {n.x = h} differ at
   x by at most 2 M abs(n), as limits of jumps nearby. *)
Theorem jumps_near P M f g n h J K x : 0 < dot n n -> on n h x -> around P x ->
  lipschitz_on (length n) P M (fun y => f y - g y) ->
  jumps_by f n h J -> continuous_along n J x ->
  jumps_by g n h K -> continuous_along n K x -> Rabs (J x - K x) <= 2 * (M * norm n).
Proof.
  intros Hn Hx HP HM [E [HE HJ]] CJ [E' [HE' HK]] CK.
  destruct (generic_direction n h (E ++ E') x Hn Hx) as [t [Ht [O S]]].
  { apply Forall_app. auto. }
  apply (lim0_bound (fun u => J (move x t u) + -1 * K (move x t u))).
  2: { apply (lim0_eq _ (J x + -1 * K x)); [|ring]. apply lim0_plus. now apply CJ.
       apply lim0_scal. now apply CK. }
  destruct Hx as [Lx Hx]. generalize (small_and _ _ S (around_near P x t ltac:(congruence) HP)).
  apply small_imp. intros u _ [G A]. apply Forall_app in G. destruct G as [G G'].
  assert (Hu : on n h (move x t u)) by (apply on_move; auto; now split).
  apply (jump_lipschitz (fun v => f (move (move x t u) n v) + -1 * g (move (move x t u) n v))).
  - assert (L : length (move x t u) = length n) by (rewrite length_move; congruence).
    generalize (lipschitz_near _ P M _ _ n L eq_refl A HM). apply small_imp.
    intros v _. cbv beta. rewrite move_0 by auto. intros [B C].
    split; [eapply Rle_trans; [|exact B] | eapply Rle_trans; [|exact C]]; right; f_equal; ring.
  - apply jump_plus. now apply HJ. now apply jump_scal, HK.
Qed.

(* Equal functions have equal jumps. *)
Corollary jumps_equal P f g n h J K x : 0 < dot n n -> on n h x -> around P x ->
  equal_on (length n) P f g -> jumps_by f n h J -> continuous_along n J x ->
  jumps_by g n h K -> continuous_along n K x -> J x = K x.
Proof.
  intros Hn Hx HP HE HJ CJ HK CK. apply equal_lipschitz in HE.
  pose proof (jumps_near P 0 f g n h J K x Hn Hx HP HE HJ CJ HK CK) as B.
  destruct (Req_dec (J x - K x) 0) as [Z|Z]. lra. apply Rabs_pos_lt in Z. lra.
Qed.

(* What every obstruction by jumps rests on: about a point, the jump of a function that differs
   from a network by an M-Lipschitz function is at most 2 M abs(n) from the amplitude, .. *)
Corollary amplitude_near P M A ks c N g f n h J x :
  Forall2 kinked (dictionary A) ks -> represents A c N g ->
  length n = dimension A -> 0 < dot n n -> on n h x -> around P x ->
  lipschitz_on (dimension A) P M (fun y => f y - g y) ->
  jumps_by f n h J -> continuous_along n J x ->
  Rabs (J x - amplitude_on A ks c N n h x) <= 2 * (M * norm n).
Proof.
  intros HD Hg Hd Hn Hx HP HM HJ CJ. rewrite <- Hd in HM.
  apply (jumps_near P M f g n h); auto. now apply network_jumps_by.
  destruct Hx. now apply (network_amplitude_continuous A ks c N g).
Qed.

(* .. and that of a target that is equal to a network is the amplitude. *)
Corollary target_amplitude P A ks c N g f n h J x :
  Forall2 kinked (dictionary A) ks -> represents A c N g ->
  length n = dimension A -> 0 < dot n n -> on n h x -> around P x ->
  equal_on (dimension A) P f g -> jumps_by f n h J -> continuous_along n J x ->
  J x = amplitude_on A ks c N n h x.
Proof.
  intros HD Hg Hd Hn Hx HP HE HJ CJ. rewrite <- Hd in HE.
  apply (jumps_equal P f g n h); auto. now apply network_jumps_by.
  destruct Hx. now apply (network_amplitude_continuous A ks c N g).
Qed.
