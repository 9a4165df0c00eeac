(* The amplitude of a network across a hyperplane: by how much its normal derivative jumps.

   At a point x and along a direction n, s(w.x + b) jumps by kink(s) abs(w.n) if w.x + b = 0,
   and not at all otherwise. The product rule gives the jump of a neuron of any form. Across
   H = {n.x = h}, off the kinks of other neurons, it is a function that is continuous along H:
   so a target that is a network jumps by it at all points of H. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
Import ListNotations.
Open Scope R_scope.

(* The change of a neuron's value by the product rule, where p and q change by dp and dq. *)
Definition change (F : neuron_form) (c : nat -> nat -> R) (p q dp dq : list R) (y : R) : R :=
  match F with
  | type1 => mix (c 0%nat) dp
  | one_sided => mix (c 0%nat) dp * y
  | two_sided => mix (c 0%nat) p * mix (c 1%nat) dq + mix (c 0%nat) dp * mix (c 1%nat) q
  | quadratic => mix (rows (c 0%nat) q) dp + mix (rows (c 0%nat) dq) p
  end.

(* Where the map l of a neuron changes its activations by their kinks times weight l: the
   amplitude of a network. *)
Definition neuron_amplitude F D ks c (weight : affine -> R) nu x : R :=
  let (z, y) := (map_of nu 0, map_of nu 1) in
  change F (fun side k => c (group nu) side k x)
    (values D (affine_at z x)) (values D (affine_at y x))
    (map (Rmult (weight z)) ks) (map (Rmult (weight y)) ks) (affine_at y x).

Definition amplitude F D ks c (weight : affine -> R) N x : R :=
  sum (fun nu => out nu * neuron_amplitude F D ks c weight nu x) N.

(* The maps that are 0 at the point x .. *)
Definition crossing (n x : vec) (l : affine) : R :=
  if Req_EM_T (affine_at l x) 0 then Rabs (dot (fst l) n) else 0.

(* .. and those that are 0 on the hyperplane {n.x = h}. *)
Definition across (n : vec) (h : R) (l : affine) : R :=
  if vanishes_on_dec n h l then Rabs (dot (fst l) n) else 0.

(* ---- the jump at a point ---- *)
Lemma jump_mix (c : nat -> R -> R) (gamma : nat -> R) (p : list (R -> R)) (J : list R) :
  Forall2 jump p J -> (forall k, (k < length p)%nat -> jump (c k) (gamma k)) ->
  jump (fun u => mix (fun k => c k u) (map (fun q => q u) p))
    (mix (fun k => c k 0) J + mix gamma (map (fun q => q 0) p)).
Proof.
  intros H. revert c gamma. induction H as [|q j p J Hq _ IH]; intros c gamma Hc; simpl.
  - apply (jump_eq _ 0); [apply jump_const | ring].
  - assert (H0 : jump (c 0%nat) (gamma 0%nat)) by (apply Hc; simpl; lia).
    assert (H1 : forall k, (k < length p)%nat -> jump (c (S k)) (gamma (S k))).
    { intros k Hk. apply Hc. simpl. lia. }
    pose proof (jump_plus _ _ _ _ (jump_mult _ _ _ _ H0 Hq) (IH (fun k => c (S k)) _ H1)) as K.
    apply (jump_eq _ _ _ K). ring.
Qed.

Section AtAPoint.
Variables (D : list (R -> R)) (ks : list R) (HD : Forall2 kinked D ks).
Variables (x n : vec) (L : length x = length n).

(* The dictionary at a map, along the line through x. *)
Definition pieces (l : affine) : list (R -> R) :=
  map (fun s u => s (affine_at l (move x n u))) D.

Lemma pieces_at l u : map (fun q => q u) (pieces l) = values D (affine_at l (move x n u)).
Proof. unfold pieces, values. now rewrite map_map. Qed.

Lemma pieces_jump l : Forall2 jump (pieces l) (map (Rmult (crossing n x l)) ks).
Proof.
  unfold pieces. generalize HD. generalize D ks. intros D' ks' H.
  induction H as [|s k D' ks' Hs _ IH]; simpl; constructor; auto.
  apply (jump_ext (fun u => s (dot (fst l) n * u + affine_at l x))).
  intros; now rewrite affine_at_move. now apply kinked_jump.
Qed.

Lemma jump_mixture c l : (forall k, (k < length D)%nat -> ex_derive (c k) 0) ->
  jump (fun u => mix (fun k => c k u) (values D (affine_at l (move x n u))))
    (mix (fun k => c k 0) (map (Rmult (crossing n x l)) ks)).
Proof.
  intros Hc. apply (jump_ext (fun u => mix (fun k => c k u) (map (fun q => q u) (pieces l)))).
  intros u. now rewrite pieces_at.
  eapply jump_eq. apply jump_mix. apply pieces_jump.
  - intros k Hk. apply jump_of_derive, Hc. unfold pieces in Hk. now rewrite map_length in Hk.
  - rewrite mix_0. ring.
Qed.

Lemma jump_neuron F d c nu : differentiable (size F (length D)) d c -> length n = d ->
  jump (fun u => neuron_value F D c nu (move x n u))
    (neuron_amplitude F D ks c (crossing n x) nu x).
Proof.
  intros Hc Hd. unfold neuron_value, neuron_amplitude.
  assert (C : forall side k, (k < size F (length D))%nat ->
    ex_derive (fun u => c (group nu) side k (move x n u)) 0).
  { intros. apply Hc; congruence. }
  set (z := map_of nu 0). set (y := map_of nu 1). set (g := group nu) in *.
  assert (M0 : move x n 0 = x) by now apply move_0.
  destruct F; simpl in *.
  - eapply jump_eq. apply (jump_mixture (fun k u => c g 0%nat k (move x n u)) z); auto.
    now rewrite M0.
  - eapply jump_eq. apply jump_mult.
    + apply (jump_mixture (fun k u => c g 0%nat k (move x n u)) z); auto.
    + apply jump_of_derive, ex_derive_affine, L.
    + cbv beta. rewrite M0. ring.
  - eapply jump_eq. apply jump_mult.
    + apply (jump_mixture (fun k u => c g 0%nat k (move x n u)) z); auto.
    + apply (jump_mixture (fun k u => c g 1%nat k (move x n u)) y); auto.
    + cbv beta. now rewrite M0.
  - apply (jump_ext (fun u => mix (fun k => rows (fun i => c g 0%nat i (move x n u))
      (values D (affine_at y (move x n u))) k) (map (fun q => q u) (pieces z)))).
    intros u. now rewrite pieces_at.
    eapply jump_eq. apply (jump_mix _ (fun k => rows (fun i => c g 0%nat i x)
      (map (Rmult (crossing n x y)) ks) k) _ _ (pieces_jump z)).
    + intros k Hk. unfold rows. rewrite map_length.
      apply (jump_ext (fun u => mix (fun l => c g 0%nat (k * length D + l)%nat (move x n u))
        (values D (affine_at y (move x n u))))).
      { intros u. unfold values. now rewrite map_length. }
      eapply jump_eq.
      apply (jump_mixture (fun l u => c g 0%nat (k * length D + l)%nat (move x n u)) y).
      * intros l Hl. apply C. unfold pieces in Hk. rewrite map_length in Hk. nia.
      * rewrite M0. now rewrite (kinks_length D ks HD).
    + simpl. now rewrite pieces_at, M0.
Qed.

Theorem jump_network F d c N : differentiable (size F (length D)) d c -> length n = d ->
  jump (fun u => network F D c N (move x n u)) (amplitude F D ks c (crossing n x) N x).
Proof.
  intros Hc Hd. unfold network, amplitude. induction N as [|nu N IH]; simpl.
  - apply jump_const.
  - apply jump_plus; auto. now apply jump_scal, (jump_neuron F d).
Qed.
End AtAPoint.
