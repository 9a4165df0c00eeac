(* The classes of functions that fixed networks over one activation belong to, d = 1.

   Over ReLU^2, GELU, SiLU, tanh (and Id) a network does not kink. Over Id, ReLU, LeakyReLU it
   is a polynomial to the right of 0: of degree at most 1, or at most 2 with a second factor
   v x + c. Finite sums keep both, and the targets of T1 and T3b have neither. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import domains amplitude target_amplitude lines.
Import ListNotations.
Open Scope R_scope.

(* ---- polynomials to the right of 0 ---- *)
Fixpoint poly (c : list R) (h : R) : R :=
  match c with [] => 0 | a :: c' => a + h * poly c' h end.

(* g is a polynomial with n coefficients at all small h > 0. *)
Definition piece (n : nat) (g : R -> R) : Prop :=
  exists c, length c = n /\ small (fun h => g h = poly c h).

Lemma lim0_poly c : lim0 (poly c) (hd 0 c).
Proof.
  induction c as [|a c IH]; simpl. apply lim0_const.
  apply (lim0_eq _ (a + 0 * hd 0 c)); [|ring].
  apply (lim0_plus (fun _ => a)). apply lim0_const. apply lim0_mult; auto. apply lim0_id.
Qed.

(* A polynomial is not one of lower degree. *)
Lemma poly_degree c' : forall c, (length c < length c')%nat ->
  small (fun h => poly c h = poly c' h) -> last c' 0 = 0.
Proof.
  induction c' as [|a' c' IH]; intros c L S; [easy|].
  assert (E : hd 0 c = a').
  { apply (lim0_unique (poly (a' :: c'))); [|apply lim0_poly].
    apply (lim0_ext_small _ _ _ S), lim0_poly. }
  assert (C : last c' 0 = 0 \/ c' = []).
  { destruct c' as [|b c']; auto. left. apply (IH (tl c)). { destruct c; simpl in *; lia. }
    revert S. apply small_imp. intros h Hh S. apply (Rmult_eq_reg_l h); [|lra].
    destruct c as [|a c]; simpl in *; lra. }
  destruct c' as [|b c']; [|now destruct C]. destruct c; simpl in *; [auto|lia].
Qed.

Lemma piece_ext n f g : (forall h, f h = g h) -> piece n f -> piece n g.
Proof.
  intros E [c [L S]]. exists c. split; auto. revert S. apply small_imp.
  intros h _ <-. auto.
Qed.

Lemma piece_plus n f g : piece n f -> piece n g -> piece n (fun h => f h + g h).
Proof.
  intros [c [Lc Sc]] [c' [Lc' Sc']]. exists (map (fun p => fst p + snd p) (combine c c')).
  split. { rewrite map_length, combine_length. lia. }
  generalize (small_and _ _ Sc Sc'). apply small_imp. intros h _ [-> ->]. clear Sc Sc'. subst n.
  revert c' Lc'. induction c as [|a c IH]; intros [|a' c']; simpl; try discriminate; intros L.
  ring. rewrite <- IH by lia. ring.
Qed.

Lemma piece_scal n a g : piece n g -> piece n (fun h => a * g h).
Proof.
  intros [c [L S]]. exists (map (Rmult a) c). split. now rewrite map_length.
  revert S. apply small_imp. intros h _ ->. clear. induction c as [|b c IH]; simpl.
  ring. rewrite <- IH. ring.
Qed.

Lemma piece_sum {A} n (f : A -> R -> R) l :
  (forall a, piece n (f a)) -> piece n (fun h => sum (fun a => f a h) l).
Proof.
  intros P. induction l as [|a l IH]; simpl; [|now apply piece_plus].
  exists (repeat 0 n). split. apply repeat_length. apply small_all. intros h _.
  clear. induction n; simpl; [|rewrite <- IHn]; ring.
Qed.

(* A factor v h + c adds a degree. *)
Lemma piece_line n g v c : piece n g -> piece (S n) (fun h => g h * (v * h + c)).
Proof.
  intros [p [L P]].
  assert (H : piece (S n) (fun h => h * (v * poly p h) + c * poly p h)).
  { apply piece_plus.
    - destruct (piece_scal n v (poly p)) as [q [Lq Sq]]. now exists p; split; [|apply small_all].
      exists (0 :: q). split. simpl. now f_equal. revert Sq. apply small_imp.
      intros h _ E. simpl. rewrite <- E. ring.
    - apply piece_scal. exists (p ++ [0]). split. rewrite app_length. simpl. lia.
      apply small_all. intros h _. clear. induction p as [|a p IH]; simpl; [|rewrite IH]; ring. }
  destruct H as [q [Lq Sq]]. exists q. split; auto.
  generalize (small_and _ _ P Sq). apply small_imp. intros h _ [-> <-]. ring.
Qed.

(* ---- piecewise affine activations ---- *)
(* s is affine on either side of 0, its only kink, and s(0) = 0. *)
Definition two_pieces (s : R -> R) : Prop := exists l r, forall z,
  (z <= 0 -> s z = l * z) /\ (0 <= z -> s z = r * z).

Lemma two_pieces_ident : two_pieces ident.
Proof. exists 1, 1. unfold ident. split; intros; ring. Qed.

Lemma two_pieces_relu : two_pieces relu.
Proof. exists 0, 1. split; intros; [rewrite relu_neg | rewrite relu_pos]; lra. Qed.

Lemma two_pieces_leaky_relu : two_pieces leaky_relu.
Proof.
  exists eta, 1. intros z. rewrite leaky_relu_eq. unfold ident.
  split; intros; [rewrite relu_neg | rewrite relu_pos]; lra.
Qed.

(* The piecewise affine activations of the seven. *)
Lemma affine_two_pieces : Forall two_pieces [ident; relu; leaky_relu].
Proof.
  repeat constructor. apply two_pieces_ident. apply two_pieces_relu. apply two_pieces_leaky_relu.
Qed.

Lemma small_line w b : b < 0 -> small (fun h => w * h + b < 0).
Proof.
  intros B. assert (L : lim0 (fun h => w * h) (w * 0)) by (apply lim0_scal, lim0_id).
  generalize (L (- b) ltac:(lra)). apply small_imp. intros h _ K.
  rewrite Rmult_0_r, Rminus_0_r in K. apply Rabs_def2 in K. lra.
Qed.

Lemma piece_neuron s w b : two_pieces s -> piece 2 (fun h => s (w * h + b)).
Proof.
  intros [l [r E]].
  assert (P : forall a, small (fun h => s (w * h + b) = a * (w * h + b)) ->
    piece 2 (fun h => s (w * h + b))).
  { intros a H. exists [a * b; a * w]. split; auto. revert H. apply small_imp.
    intros h _ ->. simpl. ring. }
  destruct (Rtotal_order b 0) as [B|[->|B]].
  - apply (P l). apply (small_line w) in B. revert B. apply small_imp.
    intros h _ B. apply E. lra.
  - destruct (Rle_dec 0 w); [apply (P r)|apply (P l)]; apply small_all; intros h Hh; apply E; nra.
  - apply (P r). assert (B' : - b < 0) by lra. apply (small_line (- w)) in B'. revert B'.
    apply small_imp. intros h _ B'. apply E. lra.
Qed.

(* ---- fixed networks ---- *)
(* The forms of fixed networks: neurons of one mixture. *)
Definition one_mixture (F : neuron_form) : Prop := F = type1 \/ F = one_sided.

(* Over a piecewise affine activation: one coefficient more than there are factors. *)
Lemma fixed_piece F D i N : one_mixture F -> two_pieces (activation D i) ->
  piece (S (arity F)) (fun u => network F D (one_hot i) N [u]).
Proof.
  intros [-> | ->] T.
  - apply (piece_ext 2 (fun u => sum (fun nu => out nu * activation D i (line nu 0 u)) N)).
    intros; now rewrite fixed_type1.
    apply (piece_sum 2 (fun nu u => out nu * activation D i (line nu 0 u))). intros nu.
    now apply piece_scal, piece_neuron.
  - apply (piece_ext 3 (fun u =>
      sum (fun nu => out nu * (activation D i (line nu 0 u) * line nu 1 u)) N)).
    intros; now rewrite fixed_one_sided.
    apply (piece_sum 3 (fun nu u => out nu * (activation D i (line nu 0 u) * line nu 1 u))).
    intros nu. apply piece_scal, piece_line. now apply (piece_neuron _ (slope_of nu 0)).
Qed.

(* Over an activation of kink 0: no jump. *)
Lemma fixed_amplitude D ks i weight N x F : one_mixture F -> nth i ks 0 = 0 ->
  amplitude F D ks (one_hot i) weight N x = 0.
Proof.
  intros HF Z. unfold amplitude. induction N as [|nu N IH]; simpl. ring.
  rewrite IH. unfold neuron_amplitude, one_hot.
  destruct HF as [-> | ->]; cbn [change]; rewrite mix_scaled, mix_one_hot, Z; ring.
Qed.

(* Each of the seven is piecewise affine or has no kink. *)
Lemma seven_classes i : (i < 7)%nat ->
  two_pieces (activation seven i) \/ nth i seven_kinks 0 = 0.
Proof.
  intros H. destruct i as [|[|[|[|[|[|[|i]]]]]]]; cbn; auto; try lia; left.
  apply two_pieces_relu. apply two_pieces_leaky_relu.
Qed.

(* A function that jumps at 0, and is no such polynomial to the right of 0, is no fixed network
   over the seven. *)
Theorem fixed_obstruction F f J : one_mixture F ->
  jump (fun u => f [u]) J -> J <> 0 -> ~ piece (S (arity F)) (fun u => f [u]) ->
  forall b m, outside unit_ball (over_seven fixed F b 1 m) f.
Proof.
  intros HF HJ Ne NP b m g [c [N Hg]] E. pose proof Hg as [[i [Hi Hc]] [_ [_ G]]]. subst c.
  assert (Hi' : (i < 7)%nat) by (destruct HF as [-> | ->]; exact Hi).
  destruct (seven_classes i Hi') as [T|Z].
  - apply NP. destruct (fixed_piece F seven i N HF T) as [c [L S]]. exists c. split; auto.
    assert (B : small (fun h => h < 1)) by (exists 1; split; [lra | intros; lra]).
    generalize (small_and _ _ B S). apply small_imp. intros h H0 [H1 H]. rewrite <- H.
    rewrite E by (auto; unfold unit_ball; simpl; nra). now apply G.
  - apply Ne. rewrite (amplitude_at_0 (over_seven fixed F b 1 m) seven_kinks (one_hot i) N g f J) by
      (auto; apply seven_kinked).
    now apply fixed_amplitude.
Qed.

(* Polynomials to the right of 0, of higher degree, are none of lower degree. *)
Lemma not_piece n c g : (n < length c)%nat -> last c 0 <> 0 ->
  (forall h, 0 < h -> g h = poly c h) -> ~ piece n g.
Proof.
  intros L Ne E [c' [L' H]]. apply Ne. apply (poly_degree c c'). lia.
  revert H. apply small_imp. intros h Hh H. rewrite <- H. auto.
Qed.
