(* Limits as h -> 0 from the right.

   One-sided derivatives, and the continuity of a function along a line, are limits of this
   kind; nothing else of analysis is needed for them. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(* P(h) for all small h > 0. *)
Definition small (P : R -> Prop) : Prop := exists d, 0 < d /\ forall h, 0 < h < d -> P h.

(* q(h) -> l as h -> 0, h > 0. *)
Definition lim0 (q : R -> R) (l : R) : Prop :=
  forall eps, 0 < eps -> small (fun h => Rabs (q h - l) < eps).

Lemma small_all (P : R -> Prop) : (forall h, 0 < h -> P h) -> small P.
Proof. intros H. exists 1. split. lra. intros. apply H. lra. Qed.

Lemma small_and P Q : small P -> small Q -> small (fun h => P h /\ Q h).
Proof.
  intros [d [D HP]] [d' [D' HQ]]. exists (Rmin d d'). split. now apply Rmin_glb_lt.
  intros h Hh. pose proof (Rmin_l d d'). pose proof (Rmin_r d d'). split.
  - apply HP. lra.
  - apply HQ. lra.
Qed.

Lemma small_imp (P Q : R -> Prop) : (forall h, 0 < h -> P h -> Q h) -> small P -> small Q.
Proof.
  intros I [d [D H]]. exists d. split; auto. intros h Hh. apply I. lra. now apply H.
Qed.

Lemma small_exists P : small P -> exists h, 0 < h /\ P h.
Proof. intros [d [D H]]. exists (d / 2). split. lra. apply H. lra. Qed.

(* Only small h matter. *)
Lemma lim0_ext_small p q l : small (fun h => p h = q h) -> lim0 p l -> lim0 q l.
Proof.
  intros E H eps He. generalize (small_and _ _ E (H eps He)). apply small_imp.
  now intros h _ [<- B].
Qed.

Lemma lim0_ext p q l : (forall h, 0 < h -> p h = q h) -> lim0 p l -> lim0 q l.
Proof. intros E. now apply lim0_ext_small, small_all. Qed.

Lemma lim0_eq q l m : lim0 q l -> l = m -> lim0 q m.
Proof. intros H <-. exact H. Qed.

Lemma lim0_const c : lim0 (fun _ => c) c.
Proof. intros eps He. apply small_all. intros. now rewrite Rminus_eq_0, Rabs_R0. Qed.

Lemma lim0_id : lim0 (fun h => h) 0.
Proof. intros eps He. exists eps. split; auto. intros. rewrite Rminus_0_r, Rabs_pos_eq; lra. Qed.

Lemma lim0_plus p q l m : lim0 p l -> lim0 q m -> lim0 (fun h => p h + q h) (l + m).
Proof.
  intros Hp Hq eps He.
  generalize (small_and _ _ (Hp (eps / 2) ltac:(lra)) (Hq (eps / 2) ltac:(lra))).
  apply small_imp. intros h _ [K1 K2].
  replace (p h + q h - (l + m)) with ((p h - l) + (q h - m)) by ring.
  pose proof (Rabs_triang (p h - l) (q h - m)). lra.
Qed.

Lemma lim0_bounded q l : lim0 q l -> small (fun h => Rabs (q h) <= Rabs l + 1).
Proof.
  intros H. generalize (H 1 ltac:(lra)). apply small_imp. intros h _ K.
  pose proof (Rabs_triang (q h - l) l).
  replace (q h - l + l) with (q h) in * by ring. lra.
Qed.

(* A factor that tends to 0 times one that is bounded. *)
Lemma lim0_null p q M : small (fun h => Rabs (q h) <= M) -> lim0 p 0 ->
  lim0 (fun h => p h * q h) 0.
Proof.
  intros B Hp eps He. pose proof (Rabs_pos M). pose proof (RRle_abs M).
  generalize (small_and _ _ B (Hp (eps / (Rabs M + 1)) ltac:(apply Rdiv_lt_0_compat; lra))).
  apply small_imp. intros h _ [Kq Kp]. rewrite Rminus_0_r in *. rewrite Rabs_mult.
  apply (Rmult_lt_compat_r (Rabs M + 1)) in Kp; [|lra].
  replace (eps / (Rabs M + 1) * (Rabs M + 1)) with eps in Kp by (field; lra).
  pose proof (Rabs_pos (p h)). pose proof (Rabs_pos (q h)). nra.
Qed.

Lemma lim0_minus q l : lim0 q l -> lim0 (fun h => q h + - l) 0.
Proof. intros H. rewrite <- (Rplus_opp_r l). apply lim0_plus; auto. apply lim0_const. Qed.

Lemma lim0_mult p q l m : lim0 p l -> lim0 q m -> lim0 (fun h => p h * q h) (l * m).
Proof.
  intros Hp Hq.
  apply (lim0_ext (fun h => (p h + - l) * q h + ((q h + - m) * l + l * m))). intros; ring.
  apply (lim0_eq _ (0 + (0 + l * m))); [|ring]. apply lim0_plus; [|apply lim0_plus].
  - apply (lim0_null _ _ (Rabs m + 1)). now apply lim0_bounded. now apply lim0_minus.
  - apply (lim0_null _ _ (Rabs l)). apply small_all. intros; lra. now apply lim0_minus.
  - apply lim0_const.
Qed.

Lemma lim0_scal c q l : lim0 q l -> lim0 (fun h => c * q h) (c * l).
Proof. apply (lim0_mult (fun _ => c)). apply lim0_const. Qed.

(* Bounds and equations pass to the limit. *)
Lemma lim0_bound q l M : small (fun h => Rabs (q h) <= M) -> lim0 q l -> Rabs l <= M.
Proof.
  intros B H. apply le_epsilon. intros eps He.
  destruct (small_exists _ (small_and _ _ B (H eps He))) as [h [_ [K1 K2]]].
  rewrite Rabs_minus_sym in K2. pose proof (Rabs_triang (l - q h) (q h)).
  replace (l - q h + q h) with l in * by ring. lra.
Qed.

Lemma lim0_unique q l m : lim0 q l -> lim0 q m -> l = m.
Proof.
  intros Hl Hm. assert (H : Rabs (l + -1 * m) <= 0).
  { apply (lim0_bound (fun h => q h + -1 * q h)).
    - apply small_all. intros. replace (q h + -1 * q h) with 0 by ring. rewrite Rabs_R0. lra.
    - apply lim0_plus; auto. now apply lim0_scal. }
  destruct (Req_dec (l + -1 * m) 0) as [E|E]. lra. apply Rabs_pos_lt in E. lra.
Qed.

(* An affine function other than 0 is not 0 at small h. *)
Lemma small_nonzero a c : a <> 0 \/ c <> 0 -> small (fun h => a * h + c <> 0).
Proof.
  intros H. destruct (Req_dec c 0) as [->|C].
  - destruct H as [A|C]; [|lra]. apply small_all. intros h Hh E.
    rewrite Rplus_0_r in E. apply Rmult_integral in E. lra.
  - assert (L : lim0 (fun h => a * h) (a * 0)) by (apply lim0_scal, lim0_id).
    rewrite Rmult_0_r in L. generalize (L (Rabs c) (Rabs_pos_lt c C)). apply small_imp.
    intros h _ K E. replace (a * h - 0) with (- c) in K by lra. rewrite Rabs_Ropp in K. lra.
Qed.

(* h -> c h keeps the limit, c > 0. *)
Lemma lim0_scale c q l : 0 < c -> lim0 q l -> lim0 (fun h => q (c * h)) l.
Proof.
  intros Hc H eps He. destruct (H eps He) as [d [D K]].
  exists (d / c). split. now apply Rdiv_lt_0_compat.
  intros h [h0 h1]. apply K. split. now apply Rmult_lt_0_compat.
  apply (Rmult_lt_compat_l c) in h1; auto.
  now replace (c * (d / c)) with d in h1 by (field; lra).
Qed.

(* Continuity at z gives the limit along every affine path to z. *)
Lemma lim0_continuous s z w : continuous s z -> lim0 (fun h => s (w * h + z)) (s z).
Proof.
  intros C eps He.
  apply (proj1 (filterlim_locally (U := R_UniformSpace) s (s z)))
    with (eps := mkposreal eps He) in C.
  destruct C as [d Hd].
  assert (H : lim0 (fun h => w * h) (w * 0)) by (apply lim0_scal, lim0_id).
  rewrite Rmult_0_r in H. generalize (H d (cond_pos d)). apply small_imp. intros h _ K.
  apply Hd. unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
  now replace (w * h + z + - z) with (w * h - 0) by ring.
Qed.

Lemma ex_derive_continuous_R (f : R -> R) x : ex_derive f x -> continuous f x.
Proof. apply (ex_derive_continuous (V := R_NormedModule)). Qed.
