(* The LA networks that C1 and C2 are about, and their MoA counterparts with constant gates. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks formulas.
Import ListNotations.
Open Scope R_scope.

Definition relu_x1 (x : vec) : R := relu (x1 x).
Definition x1_relu_x1 (x : vec) : R := x1 x * relu (x1 x).
#[export] Hint Unfold relu_x1 x1_relu_x1 : formulas.

(* A class over the dictionary D, with one group. *)
Definition over kd F D b d m : family :=
  {| kind := kd; neuron := F; dictionary := D; groups := 1; bias := b; dimension := d;
     width := m |}.

(* The unit vector e1 of R^(d + 1). *)
Definition e1 (d : nat) : vec := 1 :: zeros d.

Lemma dot_e1 d x : length x = S d -> dot (e1 d) x = x1 x.
Proof.
  destruct x as [|a x]; [discriminate|]. intros _. unfold x1. simpl. rewrite dot_zeros. ring.
Qed.

Lemma length_e1 d : length (e1 d) = S d.
Proof. unfold e1, zeros. simpl. now rewrite repeat_length. Qed.

(* The second factor of a neuron whose coefficients choose ReLU on both sides. *)
Definition second_factor (F : neuron_form) (y : R) : R :=
  match F with type1 => 1 | one_sided => y | _ => relu y end.

Lemma relu_member F D b d second : In relu D -> map_ok (S d) b second ->
  member (over la F D b (S d) 1)
    (fun x => relu (x1 x) * second_factor F (affine_at second x)).
Proof.
  intros I Hs. destruct (In_nth D relu (fun _ => 0) I) as [i [Hi E]].
  set (j := match F with quadratic => (i * length D + i)%nat | _ => i end).
  exists (constants (fun _ _ k => if (k =? j)%nat then 1 else 0)),
    [{| group := 0; out := 1;
        maps := (e1 d, 0) :: match F with type1 => [] | _ => [second] end |}].
  split; [|split; [|split]]; auto.
  - eexists. reflexivity.
  - constructor; auto. split; [|split]; auto. destruct F; reflexivity.
    assert (O : map_ok (S d) b (e1 d, 0)) by (split; [apply length_e1 | auto]).
    destruct F; repeat constructor; auto; apply O || apply Hs.
  - intros x Hx. unfold network, neuron_value. cbn [over neuron dictionary dimension] in *.
    assert (Z : affine_at (e1 d, 0) x = x1 x).
    { unfold affine_at. simpl fst. rewrite dot_e1 by auto. apply Rplus_0_r. }
    assert (M : forall z, mix (fun k => if (k =? i)%nat then 1 else 0) (values D z) = relu z).
    { intros z. now rewrite mix_one_hot_values, E. }
    unfold j, constants. clear j.
    destruct F; cbn [sum fold_right out group combine_form map_of maps nth second_factor];
      rewrite Z, ?M; try ring.
    pose proof (mix_one_pair i i (values D (x1 x)) (values D (affine_at second x))) as P.
    assert (LV : forall z, length (values D z) = length D) by (intros; apply map_length).
    rewrite !LV in P. rewrite P by auto.
    rewrite <- !(mix_one_hot i), !M. ring.
Qed.

(* Type-II with hidden biases, and type1: ReLU(x1). *)
Lemma relu_x1_member F D b d : In relu D -> F = type1 \/ b = true ->
  member (over la F D b (S d) 1) relu_x1.
Proof.
  intros I B. set (second := (zeros (S d), if b then 1 else 0) : affine).
  assert (O : map_ok (S d) b second).
  { split. apply repeat_length. intros ->. reflexivity. }
  apply (member_ext _ _ _) with (2 := relu_member F D b d second I O).
  intros x _. unfold relu_x1, affine_at, second. simpl fst. rewrite dot_zeros.
  destruct B as [->| ->]. simpl. ring.
  destruct F; simpl; rewrite ?(relu_pos (0 + 1)) by lra; ring.
Qed.

(* Type-II: x1 ReLU(x1). *)
Lemma x1_relu_x1_member F D b d : In relu D -> F <> type1 ->
  member (over la F D b (S d) 1) x1_relu_x1.
Proof.
  intros I NF. assert (O : map_ok (S d) b (e1 d, 0)) by (split; [apply length_e1 | auto]).
  apply (member_ext _ _ _) with (2 := relu_member F D b d _ I O).
  intros x Hx. cbn [over dimension] in Hx. unfold x1_relu_x1, affine_at. simpl fst.
  rewrite dot_e1 by auto. simpl snd. rewrite Rplus_0_r.
  destruct F; simpl; try tauto; try ring; destruct (Rle_dec 0 (x1 x));
    rewrite ?relu_pos, ?relu_neg by lra; ring.
Qed.

(* ---- MoA counterparts ---- *)
(* The same class with coefficients of another kind. *)
Definition with_kind (A : family) (kd : coefficient_kind) : family :=
  {| kind := kd; neuron := neuron A; dictionary := dictionary A; groups := groups A;
     bias := bias A; dimension := dimension A; width := width A |}.

(* The number of coefficients of a mixture. *)
Definition coefficient_count (A : family) : nat := size (neuron A) (length (dictionary A)).

(* A common factor of the coefficients of each side. *)
Definition factor (F : neuron_form) (rho : nat -> R) : R :=
  match F with two_sided => rho 0%nat * rho 1%nat | _ => rho 0%nat end.

Lemma combine_form_factor F c c' rho p q y : length q = length p ->
  (forall side k, (k < size F (length p))%nat -> c side k = rho side * c' side k) ->
  combine_form F c p q y = factor F rho * combine_form F c' p q y.
Proof.
  intros L E. destruct F; cbn [combine_form factor size] in *.
  - rewrite <- mix_scal. apply mix_ext. auto.
  - rewrite <- Rmult_assoc, <- mix_scal. f_equal. apply mix_ext. auto.
  - rewrite (mix_ext (c 0%nat) (fun k => rho 0%nat * c' 0%nat k)) by auto.
    rewrite (mix_ext (c 1%nat) (fun k => rho 1%nat * c' 1%nat k)) by (rewrite L; auto).
    rewrite !mix_scal. ring.
  - rewrite <- mix_scal. apply mix_ext. intros k Hk. unfold rows. rewrite <- mix_scal.
    apply mix_ext. intros l Hl. apply E. rewrite L in *. nia.
Qed.

(* Gates with u = 0, the scales s and the biases e. *)
Definition constant_gate d (s e : nat -> nat -> nat -> R) g side k : gate_weights :=
  {| scale := s g side k; logit := (zeros d, e g side k) |}.

Lemma constant_gate_value gt K d s e g side k x :
  gated gt K (constant_gate d s e) g side k x = s g side k * gate_value gt K (e g side) k.
Proof.
  unfold gated, constant_gate, affine_at. cbn [scale logit fst snd]. f_equal.
  destruct gt; simpl; rewrite ?dot_zeros, ?Rplus_0_l; auto. f_equal.
  apply sum_ext. intros i _. now rewrite Rplus_0_l.
Qed.

Lemma sum_map {A B} (f : B -> R) (h : A -> B) l : sum f (map h l) = sum (fun a => f (h a)) l.
Proof. induction l; simpl; congruence. Qed.

(* If constant gates, times a factor for each group and side, are the coefficients of an LA
   network, it is a MoA network of the same width. *)
Lemma lift A gt scaled biased alpha N f rho s e :
  represents (with_kind A la) (constants alpha) N f ->
  (scaled = false -> forall g side k, s g side k = 1) ->
  (biased = false -> forall g side k, e g side k = 0) ->
  (forall g side k, (k < coefficient_count A)%nat -> alpha g side k =
    rho g side * (s g side k * gate_value gt (coefficient_count A) (e g side) k)) ->
  member (with_kind A (moa gt scaled biased)) f.
Proof.
  intros [_ [HN [Hm E]]] Hs He V. set (K := coefficient_count A) in *.
  exists (gated gt K (constant_gate (dimension A) s e)).
  exists (map (fun nu => {| group := group nu; out := out nu * factor (neuron A) (rho (group nu));
    maps := maps nu |}) N).
  split; [|split; [|split]].
  - exists (constant_gate (dimension A) s e). split; auto. intros g side k. split; simpl; auto.
    split; simpl; auto. apply repeat_length.
  - apply Forall_forall. intros nu I. apply in_map_iff in I. destruct I as [nu' [<- I]].
    rewrite Forall_forall in HN. exact (HN nu' I).
  - now rewrite map_length.
  - intros x Hx. rewrite E by auto. unfold network. rewrite sum_map. apply sum_ext.
    intros nu _. cbn [out]. unfold neuron_value. cbn [group]. rewrite Rmult_assoc. f_equal.
    apply combine_form_factor; unfold values; rewrite !map_length; auto.
    intros side k Hk. rewrite constant_gate_value. unfold constants. now apply V.
Qed.
