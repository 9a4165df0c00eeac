(* T1: LA is not contained in fixed, type1 (arXiv:2605.26647, Theorem 4.1; the proof is ours). *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import domains lines smoothness_classes formulas.
Import ListNotations.
Open Scope R_scope.

(* ReLU + ReLU^2, as one activation. *)
Definition joined (z : R) : R := relu z + relu2 z.

Definition t1 (x : vec) : R := joined (x1 x).
#[export] Hint Unfold joined t1 : formulas.

Lemma jump_joined : jump joined 1.
Proof.
  apply (jump_eq _ (1 + 0)); [|ring]. apply jump_plus. apply jump_relu. apply kinked_relu2.
Qed.

Lemma joined_pos z : 0 <= z -> joined z = z + z * z.
Proof. intros. unfold joined. now rewrite relu2_eq, relu_pos. Qed.

(* ---- networks that are given ---- *)
(* The neuron with w = 1 and b = 0, and further maps. *)
Definition neuron_e1 (a : R) (rest : list affine) : weights :=
  {| group := 0; out := a; maps := ([1], 0) :: rest |}.

Lemma line_e1 a rest u : line (neuron_e1 a rest) 0 u = u.
Proof. unfold line, slope_of, bias_of, map_of. simpl. ring. Qed.

(* Fixed networks that are f. *)
Lemma fixed_member D F i b N f : one_mixture F -> (i < length D)%nat ->
  Forall (weights_ok {| kind := fixed; neuron := F; dictionary := D; groups := 1; bias := b;
    dimension := 1; width := length N |}) N ->
  (forall u, f [u] = network F D (one_hot i) N [u]) ->
  member {| kind := fixed; neuron := F; dictionary := D; groups := 1; bias := b;
    dimension := 1; width := length N |} f.
Proof.
  intros HF Hi HN E. exists (one_hot i), N. split; [|split; [|split]]; auto.
  - exists i. split; auto. destruct HF as [-> | ->]; exact Hi.
  - intros x Hx. destruct (vec_1 x Hx) as [u ->]. apply E.
Qed.

(* ReLU + ReLU^2, times the factors of the form F. *)
Definition relu_and_square : nat -> nat -> nat -> R := fun _ _ k =>
  if (k =? 1)%nat then 1 else if (k =? 2)%nat then 1 else 0.

Lemma la_member F b rest f : one_mixture F ->
  length rest = pred (arity F) -> Forall (map_ok 1 b) rest ->
  (forall u, f [u] = joined u * match F with type1 => 1 | _ => line (neuron_e1 1 rest) 1 u end) ->
  member (over_seven la F b 1 1) f.
Proof.
  intros HF HL HR E. exists (constants relu_and_square), [neuron_e1 1 rest].
  split; [|split; [|split]]; auto.
  - now exists relu_and_square.
  - constructor; auto. split; [|split].
    + simpl. lia.
    + simpl. rewrite HL. destruct HF as [-> | ->]; auto.
    + constructor; auto. split; auto.
  - intros x Hx. destruct (vec_1 x Hx) as [u ->]. rewrite E. unfold network, neuron_value.
    cbn [sum fold_right out neuron_e1 neuron dictionary over_seven].
    rewrite !affine_at_line, line_e1.
    unfold constants, relu_and_square, seven, values, joined.
    destruct HF as [-> | ->]; cbn [combine_form map mix Nat.eqb group neuron_e1]; ring.
Qed.

(* ---- without a hypothesis ---- *)
(* t1 without the square is the fixed network with activation ReLU, w = 1, b = 0. *)
Theorem T1_without_square b : member (over_seven fixed type1 b 1 1) (fun x => relu (x1 x)).
Proof.
  apply (fixed_member seven type1 1 b [neuron_e1 1 []]). now left. simpl; lia.
  repeat constructor.
  intros u. rewrite fixed_type1. cbn [sum fold_right]. rewrite line_e1. unfold x1, activation.
  simpl. ring.
Qed.

(* Id in place of ReLU^2: LeakyReLU(x) + x is (2 - eta c) LeakyReLU(x) - c LeakyReLU(-x),
   c = 1/(1 + eta). *)
Theorem T1_leaky_and_id b :
  member (over_seven fixed type1 b 1 2) (fun x => leaky_relu (x1 x) + ident (x1 x)).
Proof.
  set (c := 1 / (1 + eta)).
  apply (fixed_member seven type1 3 b [neuron_e1 (2 - eta * c) [];
    {| group := 0; out := - c; maps := [([-1], 0)] |}]).
  now left. simpl; lia. repeat constructor.
  intros u. rewrite fixed_type1. unfold line, slope_of, bias_of, map_of, x1, activation, ident.
  simpl. replace (1 * u + 0) with u by ring. replace (-1 * u + 0) with (- u) by ring.
  unfold leaky_relu, Rmax, c, eta.
  destruct (Rle_dec u (1 / 100 * u)), (Rle_dec (- u) (1 / 100 * - u)); lra.
Qed.

(* A dictionary that contains ReLU + ReLU^2 as one activation: t1 is fixed. *)
Theorem T1_joined D b : member {| kind := fixed; neuron := type1; dictionary := joined :: D;
  groups := 1; bias := b; dimension := 1; width := 1 |} t1.
Proof.
  apply (fixed_member (joined :: D) type1 0 b [neuron_e1 1 []]). now left. simpl; lia.
  repeat constructor.
  intros u. rewrite fixed_type1. cbn [sum fold_right]. rewrite line_e1. unfold t1, x1, activation.
  simpl. ring.
Qed.

(* ---- the theorem ---- *)
(* T1. t1(x) = ReLU(x) + ReLU^2(x) is an LA network of width 1 and, over the seven activations,
   on the unit ball no fixed network of any finite width: d = 1, hidden biases on or off. *)
Theorem T1 :
  (forall b, member (over_seven la type1 b 1 1) t1) /\
  (forall b m, outside unit_ball (over_seven fixed type1 b 1 m) t1).
Proof.
  split.
  - intros b. apply (la_member type1 b []); auto. now left. intros u. unfold t1, x1. simpl. ring.
  - apply (fixed_obstruction type1 t1 1). now left. apply jump_joined. lra.
    apply (not_piece 2 [0; 1; 1]); simpl; auto. intros h Hh. unfold t1, x1. simpl.
    rewrite joined_pos by lra. ring.
Qed.
