(* Networks and their classes: one definition for all forms and kinds.

   A network is sum_j out_j N(z_j, y_j), z_j and y_j affine maps of the input. The form says
   how a neuron N combines mixtures sum_k c_k s_k(.) of the dictionary and maps; the kind says
   where the coefficients c_k come from. Neurons with the same group number share them. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates.
Import ListNotations.
Open Scope R_scope.

(* ---- neurons ---- *)
Inductive neuron_form := type1 | one_sided | two_sided | quadratic.

(* The number of affine maps of a neuron, and of coefficients of a mixture over K
   activations. *)
Definition arity (F : neuron_form) : nat := match F with type1 => 1 | _ => 2 end.
Definition size (F : neuron_form) (K : nat) : nat :=
  match F with quadratic => K * K | _ => K end.

(* sum_k c_k p_k *)
Fixpoint mix (c : nat -> R) (p : list R) : R :=
  match p with [] => 0 | a :: p' => c O * a + mix (fun k => c (S k)) p' end.

(* sum_l c_(k K + l) q_l, for each k: the coefficients of pairs summed over the second
   activation. *)
Definition rows (c : nat -> R) (q : list R) (k : nat) : R :=
  mix (fun l => c (k * length q + l)%nat) q.

(* The value of a neuron, from the coefficients of its one or two sides, the values p of the
   dictionary at z, the values q at y, and y. *)
Definition combine_form (F : neuron_form) (c : nat -> nat -> R) (p q : list R) (y : R) : R :=
  match F with
  | type1 => mix (c 0%nat) p
  | one_sided => mix (c 0%nat) p * y
  | two_sided => mix (c 0%nat) p * mix (c 1%nat) q
  | quadratic => mix (rows (c 0%nat) q) p
  end.

(* The weights of one neuron: its group, its output weight and its affine maps z, y. *)
Record weights := { group : nat; out : R; maps : list affine }.

Definition map_of (nu : weights) (i : nat) : affine := nth i (maps nu) ([], 0).

(* Coefficients: functions of group, side, number of the activation (or pair), and input. *)
Definition coefficients := nat -> nat -> nat -> vec -> R.

Definition values (D : list (R -> R)) (z : R) : list R := map (fun s => s z) D.

Definition neuron_value F D (c : coefficients) (nu : weights) (x : vec) : R :=
  let z := affine_at (map_of nu 0) x in
  let y := affine_at (map_of nu 1) x in
  combine_form F (fun side k => c (group nu) side k x) (values D z) (values D y) y.

Definition network F D (c : coefficients) (N : list weights) (x : vec) : R :=
  sum (fun nu => out nu * neuron_value F D c nu x) N.

(* ---- coefficients ---- *)
(* fixed: one activation; la: numbers; moa: gates with the switches scale and bias;
   smooth_gates: any functions of the input that are differentiable along lines. *)
Inductive coefficient_kind := fixed | la | moa (g : gate) (scale bias : bool) | smooth_gates.

(* An affine map of R^d; without the switch, its bias is 0. *)
Definition map_ok (d : nat) (bias : bool) (l : affine) : Prop :=
  length (fst l) = d /\ (bias = false -> snd l = 0).

(* scale_k g_k(..); without the switch the scale is 1. *)
Record gate_weights := { scale : R; logit : affine }.

Definition gate_ok (d : nat) (scaled biased : bool) (p : gate_weights) : Prop :=
  (scaled = false -> scale p = 1) /\ map_ok d biased (logit p).

Definition one_hot (i : nat) : coefficients := fun _ _ k _ => if (k =? i)%nat then 1 else 0.
Definition constants (alpha : nat -> nat -> nat -> R) : coefficients :=
  fun g side k _ => alpha g side k.
Definition gated (gt : gate) (K : nat) (p : nat -> nat -> nat -> gate_weights) : coefficients :=
  fun g side k x =>
    scale (p g side k) * gate_value gt K (fun i => affine_at (logit (p g side i)) x) k.

Definition differentiable (K d : nat) (c : coefficients) : Prop :=
  forall g side k x t, (k < K)%nat -> length x = d -> length t = d ->
    ex_derive (fun u => c g side k (move x t u)) 0.

(* c are coefficients of this kind, K for each mixture, over inputs in R^d. *)
Definition of_kind (kd : coefficient_kind) (K d : nat) (c : coefficients) : Prop :=
  match kd with
  | fixed => exists i, (i < K)%nat /\ c = one_hot i
  | la => exists alpha, c = constants alpha
  | moa gt scaled biased => exists p,
      (forall g side k, gate_ok d scaled biased (p g side k)) /\ c = gated gt K p
  | smooth_gates => differentiable K d c
  end.

(* ---- classes ---- *)
(* One network class of finite width, with the fields of the program's Family. Groups may
   have any sizes. Fixed classes exist for forms of one mixture, type1 and one_sided. *)
Record family := {
  kind : coefficient_kind;
  neuron : neuron_form;
  dictionary : list (R -> R);
  groups : nat;
  bias : bool;
  dimension : nat;
  width : nat }.

(* Over the seven, with one group: what a theorem is about unless it says otherwise. *)
Definition over_seven kd F b d m : family :=
  {| kind := kd; neuron := F; dictionary := seven; groups := 1; bias := b; dimension := d;
     width := m |}.

Definition with_groups (G : nat) (A : family) : family :=
  {| kind := kind A; neuron := neuron A; dictionary := dictionary A; groups := G;
     bias := bias A; dimension := dimension A; width := width A |}.

Definition weights_ok (A : family) (nu : weights) : Prop :=
  (group nu < groups A)%nat /\ length (maps nu) = arity (neuron A) /\
  Forall (map_ok (dimension A) (bias A)) (maps nu).

(* The network with these coefficients and neurons belongs to the class, and is f. *)
Definition represents (A : family) (c : coefficients) (N : list weights) (f : vec -> R) : Prop :=
  of_kind (kind A) (size (neuron A) (length (dictionary A))) (dimension A) c /\
  Forall (weights_ok A) N /\ length N = width A /\
  forall x, length x = dimension A -> f x = network (neuron A) (dictionary A) c N x.

Definition member (A : family) (f : vec -> R) : Prop := exists c N, represents A c N f.

Lemma represents_ext A c N f g : (forall x, length x = dimension A -> f x = g x) ->
  represents A c N f -> represents A c N g.
Proof.
  intros E [Hc [HN [HW Hf]]]. split; [|split; [|split]]; auto.
  intros x Hx. rewrite <- E; auto.
Qed.

Lemma member_ext A f g : (forall x, length x = dimension A -> f x = g x) ->
  member A f -> member A g.
Proof. intros E [c [N H]]. exists c, N. now apply (represents_ext A c N f). Qed.

(* ---- coefficients of every kind are differentiable along lines ---- *)
Lemma ex_derive_affine l x t u : length x = length t ->
  ex_derive (fun u => affine_at l (move x t u)) u.
Proof.
  intros L. apply (ex_derive_ext (fun u => dot (fst l) t * u + affine_at l x)).
  intros; now rewrite affine_at_move. auto_derive. auto.
Qed.

Theorem of_kind_differentiable kd K d c : of_kind kd K d c -> differentiable K d c.
Proof.
  destruct kd as [| |gt sc bi|]; simpl; auto; intros H g side k x t Hk Hx Ht.
  - destruct H as [i [_ ->]]. unfold one_hot. apply ex_derive_const.
  - destruct H as [alpha ->]. unfold constants. apply ex_derive_const.
  - destruct H as [p [_ ->]]. unfold gated.
    apply (ex_derive_scal (fun u => gate_value gt K
      (fun i => affine_at (logit (p g side i)) (move x t u)) k)).
    apply (ex_derive_gate gt K (fun i u => affine_at (logit (p g side i)) (move x t u))); auto.
    intros i. apply ex_derive_affine. congruence.
Qed.

(* ---- mixtures ---- *)
Lemma mix_ext c c' p : (forall k, (k < length p)%nat -> c k = c' k) -> mix c p = mix c' p.
Proof.
  revert c c'. induction p as [|a p IH]; intros c c' E; simpl; auto.
  rewrite E by (simpl; lia). f_equal. apply IH. intros k Hk. apply E. simpl. lia.
Qed.

Lemma mix_0 p : mix (fun _ => 0) p = 0.
Proof. induction p as [|a p IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma mix_scaled c r p : mix c (map (Rmult r) p) = r * mix c p.
Proof. revert c. induction p as [|a p IH]; intros c; simpl; [|rewrite IH]; ring. Qed.

Lemma mix_one_hot i p : mix (fun k => if (k =? i)%nat then 1 else 0) p = nth i p 0.
Proof.
  revert i. induction p as [|a p IH]; intros [|i]; simpl; try ring.
  - rewrite mix_0. ring.
  - rewrite IH. ring.
Qed.

Lemma mix_scal c a p : mix (fun k => a * c k) p = a * mix c p.
Proof.
  revert c. induction p as [|b p IH]; intros c; simpl; [|rewrite (IH (fun k => c (S k)))]; ring.
Qed.

Lemma mix_one_hot_values D i z :
  mix (fun k => if (k =? i)%nat then 1 else 0) (values D z) = nth i D (fun _ => 0) z.
Proof.
  rewrite mix_one_hot. exact (map_nth (fun s => s z) D (fun _ => 0) i).
Qed.

(* One pair of activations. *)
Lemma mix_one_pair i j p q : length p = length q -> (i < length p)%nat -> (j < length q)%nat ->
  mix (rows (fun n => if (n =? i * length q + j)%nat then 1 else 0) q) p = nth i p 0 * nth j q 0.
Proof.
  intros L Hi Hj. rewrite (mix_ext _ (fun k => nth j q 0 * (if (k =? i)%nat then 1 else 0))).
  - rewrite mix_scal, mix_one_hot. ring.
  - intros k Hk. unfold rows. destruct (Nat.eqb_spec k i) as [->|Ne].
    + rewrite (mix_ext _ (fun l => if (l =? j)%nat then 1 else 0)), mix_one_hot. ring.
      intros l Hl. destruct (Nat.eqb_spec l j), (Nat.eqb_spec (i * length q + l)
        (i * length q + j)); auto; lia.
    + rewrite (mix_ext _ (fun _ => 0)), mix_0. ring. intros l Hl.
      destruct (Nat.eqb_spec (k * length q + l) (i * length q + j)) as [E|]; auto.
      exfalso. apply Ne. nia.
Qed.
