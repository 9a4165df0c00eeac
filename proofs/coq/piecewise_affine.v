(* Functions of one variable that are affine between finitely many points, and networks over
   activations that are affine on either side of 0. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
Import ListNotations.
Open Scope R_scope.

(* No point of L lies strictly between a and b. *)
Definition free (L : list R) (a b : R) : Prop := forall p, In p L -> ~ a < p < b.

(* g is affine between the points of L. *)
Definition affine_off (L : list R) (g : R -> R) : Prop :=
  forall a b, a < b -> free L a b -> exists p q, forall h, a <= h <= b -> g h = p * h + q.

Lemma affine_off_ext L f g : (forall h, f h = g h) -> affine_off L f -> affine_off L g.
Proof.
  intros E H a b Hab F. destruct (H a b Hab F) as [p [q A]]. exists p, q. intros h Hh.
  rewrite <- E. auto.
Qed.

Lemma affine_off_affine p q : affine_off [] (fun h => p * h + q).
Proof. intros a b _ _. now exists p, q. Qed.

Lemma affine_off_plus L M f g : affine_off L f -> affine_off M g ->
  affine_off (L ++ M) (fun h => f h + g h).
Proof.
  intros Hf Hg a b Hab F.
  destruct (Hf a b Hab) as [p [q A]]. { intros r I. apply F, in_or_app. auto. }
  destruct (Hg a b Hab) as [p' [q' A']]. { intros r I. apply F, in_or_app. auto. }
  exists (p + p'), (q + q'). intros h Hh. rewrite A, A' by auto. ring.
Qed.

Lemma affine_off_scal L c f : affine_off L f -> affine_off L (fun h => c * f h).
Proof.
  intros Hf a b Hab F. destruct (Hf a b Hab F) as [p [q A]].
  exists (c * p), (c * q). intros h Hh. rewrite A by auto. ring.
Qed.

(* An inner affine map moves the point 0 to its zero. *)
Lemma affine_off_inner s w c : affine_off [0] s -> affine_off [- c / w] (fun h => s (w * h + c)).
Proof.
  intros H a b Hab F. assert (Z : ~ a < - c / w < b) by (apply F; now left).
  destruct (Rtotal_order w 0) as [W|[->|W]].
  - destruct (H (w * b + c) (w * a + c)) as [p [q A]]. nra.
    + intros r [<-|[]] [I J]. apply Z.
      assert (T : w * (- c / w) + c = 0) by (field; lra). split; nra.
    + exists (p * w), (p * c + q). intros h Hh. rewrite A by nra. ring.
  - exists 0, (s c). intros h _. rewrite !Rmult_0_l, !Rplus_0_l. auto.
  - destruct (H (w * a + c) (w * b + c)) as [p [q A]]. nra.
    + intros r [<-|[]] [I J]. apply Z.
      assert (T : w * (- c / w) + c = 0) by (field; lra). split; nra.
    + exists (p * w), (p * c + q). intros h Hh. rewrite A by nra. ring.
Qed.

(* ---- activations ---- *)
Lemma affine_off_ident : affine_off [0] ident.
Proof. intros a b _ _. exists 1, 0. intros. unfold ident. ring. Qed.

Lemma affine_off_relu : affine_off [0] relu.
Proof.
  intros a b Hab F. assert (Z : ~ a < 0 < b) by (apply F; now left).
  destruct (Rle_dec 0 a).
  - exists 1, 0. intros h Hh. rewrite relu_pos; lra.
  - exists 0, 0. intros h Hh. rewrite relu_neg; lra.
Qed.

Lemma affine_off_leaky_relu : affine_off [0] leaky_relu.
Proof.
  intros a b Hab F.
  destruct (affine_off_relu a b Hab F) as [p [q A]].
  exists (eta + (1 - eta) * p), ((1 - eta) * q). intros h Hh.
  rewrite leaky_relu_eq, A by auto. unfold ident. ring.
Qed.

(* ---- networks ---- *)
Lemma affine_off_mix c D : Forall (affine_off [0]) D ->
  affine_off [0] (fun z => mix c (values D z)).
Proof.
  intros H. revert c. induction H as [|s D Hs _ IH]; intros c a b Hab F; simpl.
  - exists 0, 0. intros. ring.
  - destruct (Hs a b Hab F) as [p [q A]].
    destruct (IH (fun k => c (S k)) a b Hab F) as [p' [q' A']].
    exists (c 0%nat * p + p'), (c 0%nat * q + q'). intros h Hh. rewrite A by auto.
    change (map _ D) with (values D h). rewrite A' by auto. ring.
Qed.

(* Where a neuron w x + b of one input kinks. *)
Definition breakpoint (nu : weights) : R :=
  - snd (map_of nu 0) / hd 0 (fst (map_of nu 0)).

(* A type1 network of one input, with constant coefficients, is affine between the kinks of
   its neurons: at most as many as its width. *)
Theorem affine_off_network A alpha N :
  neuron A = type1 -> dimension A = 1%nat -> Forall (affine_off [0]) (dictionary A) ->
  Forall (weights_ok A) N ->
  affine_off (map breakpoint N)
    (fun h => network type1 (dictionary A) (constants alpha) N [h]).
Proof.
  intros F Hd HD HN. unfold network. induction HN as [|nu N [_ [Ln M]] _ IH]; simpl.
  - apply (affine_off_ext _ (fun h => 0 * h + 0)). intros; ring. apply affine_off_affine.
  - apply (affine_off_plus [breakpoint nu]); auto. apply affine_off_scal.
    unfold breakpoint, neuron_value, map_of. rewrite F in Ln.
    destruct (maps nu) as [|[w b] [|]]; try discriminate. simpl.
    apply Forall_inv in M. destruct M as [Lw _]. rewrite Hd in Lw. destruct (vec_1 w Lw) as [v ->].
    apply (affine_off_ext _ (fun h => mix (fun k => constants alpha (group nu) 0%nat k [h])
      (values (dictionary A) (v * h + b)))).
    { intros h. now rewrite affine_at_1. }
    apply (affine_off_inner (fun z => mix (alpha (group nu) 0%nat) (values (dictionary A) z))).
    now apply affine_off_mix.
Qed.

(* To the right of any point lies an interval free of finitely many points. *)
Lemma free_right L a : exists b, a < b /\ free L a b.
Proof.
  induction L as [|p L [b [Hb F]]]. exists (a + 1). split. lra. intros q [].
  destruct (Rle_dec p a).
  - exists b. split; auto. intros q [<-|I]. lra. now apply F.
  - exists (Rmin b p). split. apply Rmin_glb_lt; lra.
    pose proof (Rmin_l b p). pose proof (Rmin_r b p).
    intros q [<-|I] J. lra. apply (F q I). lra.
Qed.
