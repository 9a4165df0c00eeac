(* Functions of R^d near the origin: limits and differentiability. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Lia.
From Expressivity Require Import limits jumps activations vectors gates networks domains.
Import ListNotations.
Open Scope R_scope.

(* The norm |x_1| + .. + |x_d|; any other would do. *)
Definition norm1 (x : vec) : R := sum Rabs x.

(* P(x) for all x of R^d near 0. *)
Definition near_0 (d : nat) (P : vec -> Prop) : Prop :=
  exists r, 0 < r /\ forall x, length x = d -> norm1 x < r -> P x.

(* f(x) -> l as x -> 0. *)
Definition tends (d : nat) (f : vec -> R) (l : R) : Prop :=
  forall eps, 0 < eps -> near_0 d (fun x => Rabs (f x - l) < eps).

(* f is 0 and differentiable at 0: f(x) = L.x + o(|x|). *)
Definition differentiable_at_0 (d : nat) (f : vec -> R) : Prop :=
  exists L, length L = d /\ forall eps, 0 < eps ->
    near_0 d (fun x => Rabs (f x - dot L x) <= eps * norm1 x).

(* ---- the norm ---- *)
Lemma norm1_pos x : 0 <= norm1 x.
Proof. unfold norm1. induction x as [|a x IH]; simpl. lra. pose proof (Rabs_pos a). lra. Qed.

Lemma dot_norm1 w : forall x, Rabs (dot w x) <= norm1 w * norm1 x.
Proof.
  induction w as [|a w IH]; intros [|b x]; unfold norm1 in *; simpl; rewrite ?Rabs_R0; try lra.
  pose proof (Rabs_triang (a * b) (dot w x)). rewrite Rabs_mult in *. specialize (IH x).
  pose proof (norm1_pos w). pose proof (norm1_pos x). unfold norm1 in *.
  pose proof (Rabs_pos a). pose proof (Rabs_pos b). nra.
Qed.

(* The point h e1. *)
Definition ray (d : nat) (h : R) : vec := h :: zeros d.

Lemma length_ray d h : length (ray d h) = S d.
Proof. unfold ray, zeros. simpl. now rewrite repeat_length. Qed.

Lemma norm1_ray d h : norm1 (ray d h) = Rabs h.
Proof.
  assert (Z : norm1 (zeros d) = 0).
  { unfold norm1, zeros. induction d; simpl; auto. rewrite IHd, Rabs_R0. ring. }
  unfold norm1, ray in *. simpl. rewrite Z. ring.
Qed.

(* ---- near 0 ---- *)
Lemma near_0_all d (P : vec -> Prop) : (forall x, length x = d -> P x) -> near_0 d P.
Proof. intros H. exists 1. split. lra. auto. Qed.

Lemma near_0_and d P Q : near_0 d P -> near_0 d Q -> near_0 d (fun x => P x /\ Q x).
Proof.
  intros [r [Hr HP]] [s [Hs HQ]]. exists (Rmin r s). split. now apply Rmin_glb_lt.
  intros x Hx H. pose proof (Rmin_l r s). pose proof (Rmin_r r s).
  split; [apply HP | apply HQ]; auto; lra.
Qed.

Lemma near_0_imp d (P Q : vec -> Prop) :
  (forall x, length x = d -> P x -> Q x) -> near_0 d P -> near_0 d Q.
Proof. intros I [r [Hr HP]]. exists r. split; auto. Qed.

(* What holds for small numbers holds for w.x, x near 0. *)
Lemma near_0_dot d w r : 0 < r -> near_0 d (fun x => Rabs (dot w x) < r).
Proof.
  intros Hr. pose proof (norm1_pos w). exists (r / (norm1 w + 1)). split.
  apply Rdiv_lt_0_compat; lra. intros x _ B.
  apply (Rmult_lt_compat_l (norm1 w + 1)) in B; [|lra].
  replace ((norm1 w + 1) * (r / (norm1 w + 1))) with r in B by (field; lra).
  pose proof (dot_norm1 w x). pose proof (norm1_pos x). nra.
Qed.

(* ---- limits ---- *)
Lemma tends_bounded d f l : tends d f l -> near_0 d (fun x => Rabs (f x) <= Rabs l + 1).
Proof.
  intros H. generalize (H 1 ltac:(lra)). apply near_0_imp. intros x _ B.
  pose proof (Rabs_triang (f x - l) l). replace (f x - l + l) with (f x) in * by ring. lra.
Qed.

Lemma tends_kinked d s k l : kinked s k -> tends d (fun x => s (affine_at l x)) (s (snd l)).
Proof.
  intros K eps He. destruct (kinked_lim s k 1 (snd l) K eps He) as [r [Hr R]].
  destruct (kinked_lim s k (-1) (snd l) K eps He) as [r' [Hr' R']].
  generalize (near_0_dot d (fst l) (Rmin r r') ltac:(now apply Rmin_glb_lt)).
  apply near_0_imp. intros x _ B. unfold affine_at. pose proof (Rmin_l r r').
  pose proof (Rmin_r r r'). destruct (Rtotal_order (dot (fst l) x) 0) as [N|[Z|P]].
  - rewrite Rabs_left in B by auto. specialize (R' (- dot (fst l) x) ltac:(lra)).
    now replace (-1 * - dot (fst l) x) with (dot (fst l) x) in R' by ring.
  - rewrite Z, Rplus_0_l, Rminus_eq_0, Rabs_R0. auto.
  - rewrite Rabs_pos_eq in B by lra. specialize (R (dot (fst l) x) ltac:(lra)).
    now rewrite Rmult_1_l in R.
Qed.

Lemma tends_affine d l : tends d (affine_at l) (snd l).
Proof. apply (tends_kinked d ident 0). apply kinked_ident. Qed.

(* ---- differentiability ---- *)
Lemma differentiable_0 d : differentiable_at_0 d (fun _ => 0).
Proof.
  exists (zeros d). split. apply repeat_length. intros eps He. apply near_0_all. intros x _.
  rewrite dot_zeros, Rminus_0_r, Rabs_R0. pose proof (norm1_pos x). nra.
Qed.

Lemma differentiable_plus d f g : differentiable_at_0 d f -> differentiable_at_0 d g ->
  differentiable_at_0 d (fun x => f x + g x).
Proof.
  intros [L [HL Hf]] [M [HM Hg]]. exists (move L M 1). split. rewrite length_move; congruence.
  intros eps He. generalize (near_0_and _ _ _ (Hf (eps / 2) ltac:(lra)) (Hg (eps / 2) ltac:(lra))).
  apply near_0_imp. intros x _ [A B]. rewrite dot_comm, dot_move, !(dot_comm x) by congruence.
  replace (f x + g x - (dot M x * 1 + dot L x)) with ((f x - dot L x) + (g x - dot M x)) by ring.
  pose proof (Rabs_triang (f x - dot L x) (g x - dot M x)). lra.
Qed.

(* Times a function with a limit. *)
Lemma differentiable_mult d f g l : differentiable_at_0 d f -> tends d g l ->
  differentiable_at_0 d (fun x => f x * g x).
Proof.
  intros [L [HL Hf]] Hg. exists (map (Rmult l) L). split. now rewrite map_length.
  intros eps He. pose proof (norm1_pos L). pose proof (Rabs_pos l).
  assert (E1 : 0 < eps / 2 / (Rabs l + 1)) by (apply Rdiv_lt_0_compat; lra).
  assert (E2 : 0 < eps / 2 / (norm1 L + 1)) by (apply Rdiv_lt_0_compat; lra).
  generalize (near_0_and _ _ _ (Hf _ E1) (near_0_and _ _ _ (tends_bounded _ _ _ Hg) (Hg _ E2))).
  apply near_0_imp. intros x _ [A [B C]]. rewrite dot_map.
  replace (f x * g x - l * dot L x) with ((f x - dot L x) * g x + dot L x * (g x - l)) by ring.
  pose proof (Rabs_triang ((f x - dot L x) * g x) (dot L x * (g x - l))) as T.
  rewrite !Rabs_mult in T. pose proof (norm1_pos x). pose proof (dot_norm1 L x).
  assert (T1 : Rabs (f x - dot L x) * Rabs (g x) <=
    eps / 2 / (Rabs l + 1) * norm1 x * (Rabs l + 1)) by
    (apply Rmult_le_compat; auto using Rabs_pos).
  assert (T2 : Rabs (dot L x) * Rabs (g x - l) <=
    (norm1 L + 1) * norm1 x * (eps / 2 / (norm1 L + 1))) by
    (apply Rmult_le_compat; auto using Rabs_pos; [nra | lra]).
  replace (eps / 2 / (Rabs l + 1) * norm1 x * (Rabs l + 1)) with (eps / 2 * norm1 x) in T1
    by (field; lra).
  replace ((norm1 L + 1) * norm1 x * (eps / 2 / (norm1 L + 1))) with (eps / 2 * norm1 x) in T2
    by (field; lra).
  lra.
Qed.

Lemma differentiable_scal d c f : differentiable_at_0 d f ->
  differentiable_at_0 d (fun x => c * f x).
Proof.
  intros H. assert (T : tends d (fun _ => c) c).
  { intros eps He. apply near_0_all. intros. now rewrite Rminus_eq_0, Rabs_R0. }
  destruct (differentiable_mult d f (fun _ => c) c H T) as [L [HL G]]. exists L. split; auto.
  intros eps He. generalize (G eps He). apply near_0_imp. intros x _. now rewrite Rmult_comm.
Qed.

Lemma differentiable_tends d f : differentiable_at_0 d f -> tends d f 0.
Proof.
  intros [L [_ H]] eps He. pose proof (norm1_pos L).
  assert (E : 0 < eps / 2 / (norm1 L + 1)) by (apply Rdiv_lt_0_compat; lra).
  assert (B : near_0 d (fun x => norm1 x < Rmin (1 / 2) (eps / 2 / (norm1 L + 1)))).
  { exists (Rmin (1 / 2) (eps / 2 / (norm1 L + 1))). split; auto. apply Rmin_glb_lt; lra. }
  generalize (near_0_and _ _ _ (H eps He) B). apply near_0_imp. intros x _ [A C].
  pose proof (Rmin_l (1 / 2) (eps / 2 / (norm1 L + 1))).
  pose proof (Rmin_r (1 / 2) (eps / 2 / (norm1 L + 1))).
  pose proof (dot_norm1 L x). pose proof (norm1_pos x).
  assert (D : (norm1 L + 1) * norm1 x < eps / 2).
  { replace (eps / 2) with ((norm1 L + 1) * (eps / 2 / (norm1 L + 1))) by (field; lra).
    apply Rmult_lt_compat_l; lra. }
  rewrite Rminus_0_r. pose proof (Rabs_triang (f x - dot L x) (dot L x)) as T.
  replace (f x - dot L x + dot L x) with (f x) in T by ring. nra.
Qed.

(* F(w.x), F differentiable at 0 and F(0) = 0. *)
Lemma differentiable_comp d F w : length w = d -> ex_derive F 0 -> F 0 = 0 ->
  differentiable_at_0 d (fun x => F (dot w x)).
Proof.
  intros Hw [D HF] Z. exists (map (Rmult D) w). split. now rewrite map_length.
  intros eps He. apply is_derive_Reals in HF. pose proof (norm1_pos w).
  destruct (HF (eps / (norm1 w + 1))) as [r K]. { apply Rdiv_lt_0_compat; lra. }
  generalize (near_0_dot d w r (cond_pos r)). apply near_0_imp. intros x _ B. rewrite dot_map.
  destruct (Req_dec (dot w x) 0) as [E|E].
  - rewrite E, Z, Rmult_0_r, Rminus_0_r, Rabs_R0. pose proof (norm1_pos x). nra.
  - specialize (K (dot w x) E B). rewrite Rplus_0_l, Z, Rminus_0_r in K.
    replace (F (dot w x) - D * dot w x) with ((F (dot w x) / dot w x - D) * dot w x)
      by (field; auto).
    rewrite Rabs_mult. pose proof (dot_norm1 w x). pose proof (norm1_pos x).
    apply Rle_trans with (eps / (norm1 w + 1) * ((norm1 w + 1) * norm1 x)).
    + apply Rmult_le_compat; auto using Rabs_pos; [lra | nra].
    + right. field. lra.
Qed.

(* ---- functions that are equal on the unit ball ---- *)
Lemma norm1_square x : dot x x <= norm1 x ^ 2.
Proof.
  unfold norm1. induction x as [|a x IH]; simpl in *. lra. pose proof (norm1_pos x) as P.
  unfold norm1 in P. pose proof (Rabs_pos a). pose proof (Rsqr_abs a) as Q. unfold Rsqr in Q.
  nra.
Qed.

Lemma near_0_unit_ball d : near_0 d unit_ball.
Proof.
  exists 1. split. lra. intros x _ H. unfold unit_ball. pose proof (norm1_square x).
  pose proof (norm1_pos x). nra.
Qed.

Lemma differentiable_equal d f g : equal_on d unit_ball f g ->
  differentiable_at_0 d g -> differentiable_at_0 d f.
Proof.
  intros E [L [HL H]]. exists L. split; auto. intros eps He.
  generalize (near_0_and _ _ _ (near_0_unit_ball d) (H eps He)).
  apply near_0_imp. intros x Hx [B K]. now rewrite E.
Qed.
