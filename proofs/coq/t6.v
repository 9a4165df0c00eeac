(* T6: MoA is not closed under sums; more groups reach more. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors hyperplanes gates networks.
From Expressivity Require Import domains target_amplitude shared_amplitude pencil gated_relus.
From Expressivity Require Import gated_separation independent_gates formulas.
Import ListNotations.
Open Scope R_scope.

(* g is the gate of ReLU while the other six logits are 0. *)
Definition t6 gt (lambda : R) (x : vec) : R :=
  relu_value gt (lambda * x3 x) * relu (x1 x) + relu_value gt (2 * lambda * x3 x) * relu (x2 x).

(* The sum of g(i lambda x3) ReLU(n_i.(x1, x2)), i = 1, .., count. *)
Definition t6_sum gt (lambda : R) (n : nat -> R * R) (count : nat) (x : vec) : R :=
  sum (fun i => relu_value gt (INR i * lambda * x3 x) *
    relu (fst (n i) * x1 x + snd (n i) * x2 x)) (seq 1 count).
#[export] Hint Unfold t6 t6_sum : formulas.

(* No two of the first n_i are parallel. *)
Definition not_parallel (n : nat -> R * R) (count : nat) : Prop :=
  forall i j, In i (seq 1 count) -> In j (seq 1 count) -> i <> j ->
    fst (n i) * snd (n j) - snd (n i) * fst (n j) <> 0.

Definition axes (i : nat) : R * R := if (i =? 1)%nat then (1, 0) else (0, 1).

Lemma t6_axes gt lambda x : t6_sum gt lambda axes 2 x = t6 gt lambda x.
Proof.
  unfold t6_sum, t6, axes. simpl. rewrite !Rmult_1_l, !Rmult_0_l, Rplus_0_r, Rplus_0_l, Rplus_0_r.
  reflexivity.
Qed.

(* Its terms: planes and factors. *)
Definition normal (n : nat -> R * R) (i : nat) : vec := [fst (n i); snd (n i); 0].
Definition rate (lambda : R) (i : nat) : affine := ([0; 0; INR i * lambda], 0).
Definition terms gt lambda n count : list (affine * (vec -> R)) :=
  map (fun i => ((normal n i, 0), fun x => relu_value gt (affine_at (rate lambda i) x)))
    (seq 1 count).

Lemma t6_terms gt lambda n count x : length x = 3%nat ->
  gated_relus (terms gt lambda n count) x = t6_sum gt lambda n count x.
Proof.
  intros L. destruct (vec_3 x L) as [a [b [c ->]]].
  unfold gated_relus, terms, t6_sum. rewrite sum_map. apply sum_ext. intros i _.
  unfold rate, normal, x1, x2, x3. simpl. rewrite !affine_at_3. f_equal; f_equal; ring.
Qed.

Lemma terms_ok gt lambda n count : Forall (term_ok 3) (terms gt lambda n count).
Proof.
  apply Forall_map, Forall_forall. intros i _. split; auto. intros x t Lx Lt. simpl.
  apply (ex_derive_comp (relu_value gt) (fun u => affine_at (rate lambda i) (move x t u))).
  apply ex_derive_relu_value. apply ex_derive_affine. congruence.
Qed.

(* ---- MoA with as many groups as terms ---- *)
Lemma t6_member gt lambda n count biased b :
  member (with_groups count (over_seven (moa gt true biased) type1 b 3 count))
    (t6_sum gt lambda n count).
Proof.
  set (p := relu_gate 3 (fun g => rate lambda (S g)) 0).
  exists (gated gt 7 p),
    (map (fun i => {| group := pred i; out := 1; maps := [(normal n i, 0)] |}) (seq 1 count)).
  split; [|split; [|split]].
  - exists p. split; auto. intros g side k. apply relu_gate_ok. discriminate. split; auto.
  - apply Forall_map, Forall_forall. intros i I. apply in_seq in I. split. simpl. lia.
    split; auto. repeat constructor.
  - now rewrite map_length, seq_length.
  - intros x Lx. rewrite <- t6_terms by exact Lx. unfold gated_relus, network, terms.
    rewrite !sum_map. apply sum_ext. intros i I. apply in_seq in I. unfold neuron_value, p.
    cbn [with_groups over_seven neuron dictionary seven combine_form values map mix group].
    rewrite !relu_gate_value.
    replace (S (pred i)) with i by lia. cbn [Nat.eqb out]. unfold map_of. cbn. ring.
Qed.

(* ---- the jumps of the terms ---- *)
Lemma normal_pos n count i : (1 < count)%nat -> not_parallel n count -> In i (seq 1 count) ->
  0 < dot (normal n i) (normal n i).
Proof.
  intros C N I. apply in_seq in I. set (j := if (i =? 1)%nat then 2%nat else 1%nat).
  assert (D : fst (n i) * snd (n j) - snd (n i) * fst (n j) <> 0).
  { apply N; try (apply in_seq; unfold j; destruct (i =? 1)%nat; lia).
    unfold j. destruct (Nat.eqb_spec i 1); lia. }
  simpl. destruct (Req_dec (fst (n i)) 0) as [A|A], (Req_dec (snd (n i)) 0) as [B|B]; nra.
Qed.

(* Across its own plane each term, and no other, jumps: by its factor times abs(n_i)^2, along
   n_i. *)
Lemma terms_jump gt lambda n count i x : (1 < count)%nat -> not_parallel n count ->
  In i (seq 1 count) -> gated_jump (terms gt lambda n count) (normal n i) 0 x =
    dot (normal n i) (normal n i) * relu_value gt (affine_at (rate lambda i) x).
Proof.
  intros C N I. unfold gated_jump, terms. rewrite sum_map.
  set (v := fun k => dot (normal n k) (normal n k) * relu_value gt (affine_at (rate lambda k) x)).
  rewrite (sum_ext _ (fun k => if (i =? k)%nat then v k else 0)).
  - rewrite <- seq_shift, sum_map. apply in_seq in I. destruct i as [|i]; [lia|].
    apply (sum_one (fun k => v (S k)) i count). lia.
  - intros k K. simpl fst. simpl snd. destruct (Nat.eqb_spec i k) as [->|D].
    + rewrite across_self; auto. now apply (normal_pos n count). ring.
    + rewrite (across_other _ _ _ [- snd (n i); fst (n i); 0]). ring.
      split; auto. simpl. ring. unfold normal. rewrite affine_at_3.
      specialize (N i k I K D). lra.
Qed.

(* ---- no type1 network with fewer groups ---- *)
Lemma t6_outside gt lambda n G P kd b m : 0 < lambda -> (0 < G)%nat -> not_parallel n (S G) ->
  around P [0; 0; 0] ->
  outside P (with_groups G (over_seven kd type1 b 3 m)) (t6_sum gt lambda n (S G)).
Proof.
  intros Hl HG N P0. set (A := with_groups G _).
  apply (outside_ext P A _ _ (t6_terms gt lambda n (S G))). intros g Hg E.
  apply equal_lipschitz in E.
  destruct (pencil P 0 A seven_kinks g _ (fun i => normal n (S i)) (fun _ => 0) eq_refl
    seven_kinked Hg E (fun _ => eq_refl)) as [a [[i [I Hi]] H]].
  destruct (around_near P [0; 0; 0] [0; 0; 1] eq_refl P0) as [e [He S0]].
  set (w := fun i => dot (normal n i) (normal n i)).
  assert (Z : forall i, In i (seq 1 (S G)) -> a (pred i) * w i = 0).
  { apply (gates_independent gt lambda (fun i => a (pred i) * w i) (S G) e); auto.
    intros t Ht. set (x := move [0; 0; 0] [0; 0; 1] t).
    specialize (H (fun i => gated_jump (terms gt lambda n (S G)) (normal n (S i)) 0) x).
    rewrite Rmult_0_r, Rmult_0_l in H.
    rewrite (sum_ext _ (fun i => a (pred i) * gated_jump (terms gt lambda n (S G))
      (normal n i) 0 x)).
    2: { intros k K. rewrite (terms_jump gt lambda n (S G)) by (auto; lia).
         replace (affine_at (rate lambda k) x) with (INR k * lambda * t).
         fold (w k). ring. unfold x, rate, move. simpl. rewrite affine_at_3. ring. }
    rewrite <- seq_shift, sum_map. cbn [pred].
    match goal with |- ?s = 0 => destruct (Req_dec s 0) as [|Q]; auto end.
    exfalso. apply Rabs_pos_lt in Q. apply (Rlt_not_le _ _ Q), H.
    intros k K. pose proof (terms_ok gt lambda n (S G)) as T. split.
    - apply (normal_pos n (S G)); auto. lia. apply in_seq. apply in_seq in K. simpl in *. lia.
    - now apply gated_relus_jumps_by.
    - split; auto. unfold x, normal, move. simpl. ring.
    - now apply S0.
    - now apply gated_jump_continuous. }
  apply in_seq in I. assert (K : In (S i) (seq 1 (S G))) by (apply in_seq; simpl in *; lia).
  specialize (Z (S i) K). pose proof (normal_pos n (S G) (S i) ltac:(lia) N K) as W.
  apply Rmult_integral in Z. destruct Z as [Z|Z]. now apply Hi. unfold w in Z. lra.
Qed.

(* ---- without a hypothesis ---- *)
(* The rates must differ: g(lambda x3) (ReLU(x1) + ReLU(x2)) is MoA of width 2 with one group. *)
Theorem T6_one_rate gt lambda biased b : member (over_seven (moa gt true biased) type1 b 3 2)
  (fun x => relu_value gt (lambda * x3 x) * relu (x1 x) + relu_value gt (lambda * x3 x) *
    relu (x2 x)).
Proof.
  set (p := relu_gate 3 (fun _ => ([0; 0; lambda], 0)) 0).
  exists (gated gt 7 p), [{| group := 0; out := 1; maps := [([1; 0; 0], 0)] |};
    {| group := 0; out := 1; maps := [([0; 1; 0], 0)] |}].
  split; [|split; [|split]]; auto.
  - exists p. split; auto. intros g side k. apply relu_gate_ok. discriminate. split; auto.
  - repeat constructor.
  - intros x Lx. destruct (vec_3 x Lx) as [u [v [w ->]]]. unfold network, neuron_value, p.
    cbn [sum fold_right combine_form over_seven neuron dictionary seven values map mix group].
    rewrite !relu_gate_value. cbn [Nat.eqb out]. unfold map_of, x1, x2, x3. cbn.
    rewrite !affine_at_3.
    replace (1 * u + 0 * v + 0 * w + 0) with u by ring.
    replace (0 * u + 1 * v + 0 * w + 0) with v by ring.
    replace (0 * u + 0 * v + lambda * w + 0) with (lambda * w) by ring. ring.
Qed.

(* With two groups t6 is a network. *)
Theorem T6_two_groups gt lambda biased b :
  member (with_groups 2 (over_seven (moa gt true biased) type1 b 3 2)) (t6 gt lambda).
Proof.
  apply (member_ext _ (t6_sum gt lambda axes 2)). intros; apply t6_axes. apply t6_member.
Qed.

(* ---- the theorems ---- *)
(* t6(x) = g(lambda x3) ReLU(x1) + g(2 lambda x3) ReLU(x2) is type1 MoA with two groups, width 2
   and these gates, scale on, and on no domain that contains an open set about 0 a type1 network
   over the seven with one group, of any width and any kind: fixed, LA, MoA or with any
   differentiable gates; d = 3, any lambda > 0, hidden and gate biases off or on. A sum of G + 1
   terms g(i lambda x3) ReLU(n_i.(x1, x2)), no two n_i parallel, takes G + 1 groups, G >= 1. *)
Definition more_groups_reach_more gt : Prop := forall lambda, 0 < lambda ->
  (forall biased b,
    member (with_groups 2 (over_seven (moa gt true biased) type1 b 3 2)) (t6 gt lambda)) /\
  (forall P kd b m, around P [0; 0; 0] ->
    outside P (over_seven kd type1 b 3 m) (t6 gt lambda)) /\
  forall G n, (0 < G)%nat -> not_parallel n (S G) ->
    (forall biased b,
      member (with_groups (S G) (over_seven (moa gt true biased) type1 b 3 (S G)))
        (t6_sum gt lambda n (S G))) /\
    forall P kd b m, around P [0; 0; 0] ->
      outside P (with_groups G (over_seven kd type1 b 3 m)) (t6_sum gt lambda n (S G)).

Lemma more_groups gt : more_groups_reach_more gt.
Proof.
  intros lambda Hl. split; [|split].
  - apply T6_two_groups.
  - intros P kd b m P0. apply (outside_ext P (over_seven kd type1 b 3 m)
      (t6_sum gt lambda axes 2)). intros; apply t6_axes.
    apply (t6_outside gt lambda axes 1); auto. intros i j I J D. apply in_seq in I, J.
    unfold axes. destruct (Nat.eqb_spec i 1), (Nat.eqb_spec j 1); simpl; lia || lra.
  - intros G n HG N. split. intros. apply t6_member. intros. now apply t6_outside.
Qed.

(* Stated in full. *)
Ltac in_full P := let Q := eval cbv beta delta [more_groups_reach_more] in P in exact Q.

Theorem T6 : ltac:(in_full (more_groups_reach_more Tanh)).
Proof. apply more_groups. Qed.

Theorem T6_sigmoid : ltac:(in_full (more_groups_reach_more Sigmoid)).
Proof. apply more_groups. Qed.

Theorem T6_softmax : ltac:(in_full (more_groups_reach_more Softmax)).
Proof. apply more_groups. Qed.
