(* The part of B1 about t1 and piecewise affine activations: staircases for its derivative.

   The derivative of a network of width m is constant on at most m + 1 intervals, that of t1 is 0
   on x < 0 and 1 + 2x on x > 0. As in gradient_jump_bound.v, the bound is for Lipschitz constants
   in place of the essential supremum of abs(f' - t1'). *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits activations vectors gates networks domains.
From Expressivity Require Import jump_bounds lines smoothness_classes free_knots t1.
Import ListNotations.
Open Scope R_scope.

(* t1 - f is M-Lipschitz about each point of (-r, r). *)
Definition misses_t1_by (M r : R) (f : vec -> R) : Prop := forall a, -r < a < r ->
  lipschitz_about 1 M (fun x => t1 x - f x) [a].

(* The derivative l of a function that is M-Lipschitz about x is at most M. *)
Lemma slope_bound M e x l k : lipschitz_about 1 M e [x] ->
  small (fun h => e [x + h] = e [x] + h * (l + h * k)) -> Rabs l <= M.
Proof.
  intros [P [HP HM]] E.
  pose proof (lipschitz_near 1 P M e [x] [1] eq_refl eq_refl HP HM) as S.
  apply (lim0_bound (fun h => l + h * k)).
  2: { apply (lim0_eq _ (l + 0 * k)); [|ring]. apply lim0_plus. apply lim0_const.
       apply lim0_mult. apply lim0_id. apply lim0_const. }
  generalize (small_and _ _ E S). apply small_imp. intros h Hh [H [B _]].
  replace (move [x] [1] h) with [x + h] in B by (unfold move; simpl; f_equal; ring).
  rewrite H, norm_1, Rabs_R1, Rmult_1_r in B.
  replace (e [x] + h * (l + h * k) - e [x]) with (h * (l + h * k)) in B by ring.
  rewrite Rabs_mult, (Rabs_pos_eq h) in B by lra. apply (Rmult_le_reg_l h); lra.
Qed.

(* The slope p of f on an interval misses that of t1, 1 + 2x or 0, by at most M. *)
Lemma piece_slope M r f a b p q x : misses_t1_by M r f ->
  (forall u, a < u < b -> f [u] = p * u + q) -> a < x < b -> -r < x < r ->
  (0 < x -> Rabs (1 + 2 * x - p) <= M) /\ (x < 0 -> Rabs p <= M).
Proof.
  intros HM E Hx Hr. specialize (HM x Hr).
  assert (S : small (fun h => h < b - x /\ (x < 0 -> h < - x))).
  { exists (Rmin (b - x) (if Rlt_dec x 0 then - x else 1)).
    split. { apply Rmin_glb_lt. lra. destruct (Rlt_dec x 0); lra. }
    intros h [_ H]. pose proof (Rmin_l (b - x) (if Rlt_dec x 0 then - x else 1)).
    pose proof (Rmin_r (b - x) (if Rlt_dec x 0 then - x else 1)).
    destruct (Rlt_dec x 0); split; lra. }
  split; intros Sx.
  - apply (slope_bound M _ x _ 1 HM). revert S. apply small_imp. intros h Hh [H _].
    rewrite !E by lra. unfold t1, x1. simpl. rewrite !joined_pos by lra. ring.
  - rewrite <- Rabs_Ropp. apply (slope_bound M _ x _ 0 HM). revert S. apply small_imp.
    intros h Hh [H H']. specialize (H' Sx). rewrite !E by lra. unfold t1, x1, joined. simpl.
    rewrite !relu2_eq, !relu_neg by lra. ring.
Qed.

(* Places other than 0 are some way off it. *)
Lemma off_zero S : ~ In 0 S -> small (fun h => forall s, In s S -> s <= - h \/ 0 < s).
Proof.
  intros Z. induction S as [|s S IH].
  - apply small_all. intros h _ s [].
  - assert (H : small (fun h => s <= - h \/ 0 < s)).
    { destruct (Rtotal_order s 0) as [N|[E|P]].
      - exists (- s). split. lra. intros; lra.
      - exfalso. apply Z. now left.
      - apply small_all. auto. }
    generalize (small_and _ _ H (IH (fun I => Z (or_intror I)))). apply small_imp.
    intros h _ [A B] t [<-|I]; auto.
Qed.

(* r <= m M if 0 is a knot, r + 1/2 <= (m + 1) M otherwise. *)
Lemma staircase D alpha N r M f : Forall two_pieces D -> 0 < r -> misses_t1_by M r f ->
  (forall u, f [u] = network type1 D (constants alpha) N [u]) ->
  r <= INR (length N) * M \/ r + 1 / 2 <= (INR (length N) + 1) * M.
Proof.
  intros HD Hr HM E. set (S := knots N).
  assert (LS : length S = length N) by (unfold S, knots; apply map_length).
  assert (P : forall a b, free S a b -> exists p q, forall u, a < u < b -> f [u] = p * u + q).
  { intros a b F. destruct (affine_between D alpha N a b HD F) as [p [q H]].
    exists p, q. intros u Hu. rewrite E. auto. }
  assert (M0 : 0 <= M).
  { destruct (HM 0 ltac:(lra)) as [Q [HQ H]].
    destruct (small_exists _ (lipschitz_near 1 Q M _ [0] [1] eq_refl eq_refl HQ H))
      as [h [Hh [B _]]].
    rewrite norm_1, Rabs_R1 in B. eapply Rle_trans in B; [|apply Rabs_pos]. nra. }
  assert (B : forall a b, 0 <= a < b -> b <= r -> free S a b -> b - a <= M).
  { intros a b Ha Hb F. destruct (P a b F) as [p [q H]]. apply length_bound; auto.
    intros x y Hx Hy.
    pose proof (proj1 (piece_slope M r f a b p q x HM H ltac:(lra) ltac:(lra)) ltac:(lra)) as Bx.
    pose proof (proj1 (piece_slope M r f a b p q y HM H ltac:(lra) ltac:(lra)) ltac:(lra)) as By.
    apply Rabs_le_between in Bx, By. lra. }
  destruct (in_dec Req_EM_T 0 S) as [Z|Z]; [left|right].
  - set (S' := remove Req_EM_T 0 S).
    pose proof (remove_length_lt Req_EM_T S 0 Z) as LS'. fold S' in LS'.
    apply Rle_trans with ((INR (length S') + 1) * M).
    + replace r with (r - 0) at 1 by ring.
      apply (pigeonhole (fun a b => b - a) M 0 r S' M0); try lra. intros; lra.
      intros a b Ha Hb F. apply B; auto. intros s I. destruct (Req_EM_T s 0) as [->|K].
      left. lra. apply F. now apply in_in_remove.
    + apply Rmult_le_compat_r; auto. rewrite <- S_INR. apply le_INR. lia.
  - rewrite <- LS. set (L := fun a b => b - a + if Req_EM_T a 0 then 1 / 2 else 0).
    replace (r + 1 / 2) with (L 0 r).
    2: { unfold L. destruct (Req_EM_T 0 0); lra. }
    apply (pigeonhole L M 0 r S M0); try lra; unfold L.
    + intros a s b Ha Hs Hb. destruct (Req_EM_T a 0), (Req_EM_T s 0); lra.
    + intros a b Ha Hb F. destruct (Req_EM_T a 0) as [->|K].
      2: { rewrite Rplus_0_r. now apply B. }
      destruct (small_exists _ (off_zero S Z)) as [h [Hh K]].
      assert (F' : free S (- h) b).
      { intros s I. destruct (K s I), (F s I); auto. lra. }
      destruct (P (- h) b F') as [p [q H]].
      set (x := - Rmin h r / 2). pose proof (Rmin_l h r). pose proof (Rmin_r h r).
      assert (0 < Rmin h r) by (apply Rmin_glb_lt; lra).
      pose proof (proj2 (piece_slope M r f (- h) b p q x HM H ltac:(unfold x; lra)
        ltac:(unfold x; lra)) ltac:(unfold x; lra)) as Bx.
      assert (C : forall y, 0 < y < b -> y <= M - 1 / 2).
      { intros y Hy. pose proof (proj1 (piece_slope M r f (- h) b p q y HM H ltac:(lra)
          ltac:(lra)) ltac:(lra)) as By.
        apply Rabs_le_between in Bx, By. lra. }
      pose proof (C (b / 2) ltac:(lra)).
      assert (b - 0 <= M - 1 / 2); [|lra]. apply length_bound. lra.
      intros y z Hy Hz. specialize (C z ltac:(lra)). lra.
Qed.

(* ---- without a hypothesis ---- *)
(* An activation that is not piecewise affine, ReLU + ReLU^2: width 1 reaches t1. *)
Theorem B1_t1_affine_joined b : exists f,
  member {| kind := fixed; neuron := type1; dictionary := [joined]; groups := 1; bias := b;
    dimension := 1; width := 1 |} f /\ forall r, misses_t1_by 0 r f.
Proof.
  exists t1. split. apply T1_joined. intros r a _. now apply lipschitz_about_equal.
Qed.

(* A piecewise affine activation with two kinks: s = 3/2 ReLU(z) + ReLU(z - 1) misses t1' by 1/2
   with f = s(2x)/2 on (-1, 1), by less than 3/4, the bound for width 1. *)
Definition two_kinks (z : R) : R := 3 / 2 * relu z + relu (z - 1).

Lemma two_kinks_error u v : -1 < u -> u <= v -> v < 1 ->
  Rabs ((joined v - two_kinks (2 * v) / 2) - (joined u - two_kinks (2 * u) / 2)) <=
  1 / 2 * (v - u).
Proof.
  intros Hu L Hv.
  assert (E : forall z, -1 < z < 1 -> joined z - two_kinks (2 * z) / 2 =
    if Rle_lt_dec z 0 then 0 else if Rle_lt_dec z (1 / 2) then z * (z - 1 / 2)
    else (z - 1 / 2) * (z - 1)).
  { intros z Hz. unfold two_kinks.
    destruct (Rle_lt_dec z 0); [|destruct (Rle_lt_dec z (1 / 2)); rewrite joined_pos by lra].
    - unfold joined. rewrite relu2_eq, !relu_neg by lra. lra.
    - rewrite (relu_pos (2 * z)), relu_neg by lra. lra.
    - rewrite !relu_pos by lra. lra. }
  rewrite !E by lra. apply Rabs_le_between.
  destruct (Rle_lt_dec v 0), (Rle_lt_dec u 0), (Rle_lt_dec v (1 / 2)), (Rle_lt_dec u (1 / 2));
    try lra; nra.
Qed.

Theorem B1_t1_affine_two_kinks b : exists f,
  member {| kind := fixed; neuron := type1; dictionary := [two_kinks]; groups := 1; bias := b;
    dimension := 1; width := 1 |} f /\ misses_t1_by (1 / 2) 1 f.
Proof.
  set (N := [{| group := 0; out := 1 / 2; maps := [([2], 0)] |}]).
  exists (network type1 [two_kinks] (one_hot 0) N). split.
  - apply (fixed_member [two_kinks] type1 0 b N); auto. now left. repeat constructor.
  - set (P := fun x : vec => -1 < x1 x < 1). intros a Ha. exists P. split.
    + exists P. split; [|split]; auto. intros x t T [X1 X2].
      assert (E : forall u, x1 x + u * x1 t = x1 (move x t u)).
      { intros u. destruct x as [|y x], t as [|w t]; try discriminate; auto.
        unfold x1, move. simpl. ring. }
      assert (L : lim0 (fun u => x1 x + u * x1 t) (x1 x + 0 * x1 t)).
      { apply lim0_plus. apply lim0_const. apply lim0_mult. apply lim0_id. apply lim0_const. }
      generalize (L (Rmin (1 - x1 x) (1 + x1 x)) ltac:(apply Rmin_glb_lt; lra)).
      apply small_imp. intros u _ B. unfold P. rewrite <- E.
      pose proof (Rmin_l (1 - x1 x) (1 + x1 x)). pose proof (Rmin_r (1 - x1 x) (1 + x1 x)).
      apply Rabs_def2 in B. lra.
    + intros x t u Lx Lt Hx Hy. destruct (vec_1 x Lx) as [y ->]. destruct (vec_1 t Lt) as [w ->].
      assert (F : forall z, t1 [z] - network type1 [two_kinks] (one_hot 0) N [z] =
        joined z - two_kinks (2 * z) / 2).
      { intros z. rewrite fixed_type1. unfold N, line, slope_of, bias_of, map_of, activation.
        unfold t1, x1. simpl. replace (2 * z + 0) with (2 * z) by ring. field. }
      assert (E : move [y] [w] u = [y + u * w]) by reflexivity. rewrite E in *.
      rewrite !F, norm_1, <- Rabs_mult. unfold P, x1 in Hx, Hy. simpl in Hx, Hy.
      destruct (Rle_lt_dec y (y + u * w)).
      * rewrite (Rabs_pos_eq (u * w)) by lra. eapply Rle_trans.
        apply two_kinks_error; lra. lra.
      * rewrite (Rabs_left (u * w)), Rabs_minus_sym by lra. eapply Rle_trans.
        apply two_kinks_error; lra. lra.
Qed.

(* ---- the theorem ---- *)
(* B1, t1 and piecewise affine activations. Every type1 network, LA or fixed, of m >= 1 neurons
   over activations that are affine on either side of 0 (id, relu, leaky_relu), hidden biases on
   or off, misses t1 on (-R, R) by at least R/m if R <= m/2, and by (R + 1/2)/(m + 1)
   otherwise. *)
Theorem B1_t1_affine A r M f :
  dimension A = 1%nat -> neuron A = type1 -> kind A = la \/ kind A = fixed ->
  Forall two_pieces (dictionary A) -> (1 <= width A)%nat -> 0 < r ->
  member A f -> misses_t1_by M r f ->
  (r <= INR (width A) / 2 -> r / INR (width A) <= M) /\
  (INR (width A) / 2 <= r -> (r + 1 / 2) / (INR (width A) + 1) <= M).
Proof.
  intros Hd HF HK HD Hm Hr [c [N [Hc [_ [HN Hf]]]]] HM.
  destruct (constant_kind A c HK Hc) as [alpha ->].
  assert (E : forall u, f [u] = network type1 (dictionary A) (constants alpha) N [u]).
  { intros u. rewrite <- HF. apply Hf. now rewrite Hd. }
  destruct (staircase (dictionary A) alpha N r M f HD Hr HM E) as [S|S];
    rewrite HN in S; set (m := INR (width A)) in *;
    assert (m1 : 1 <= m) by (unfold m; apply (le_INR 1); auto).
  - assert (Q : r / m <= M).
    { apply (Rmult_le_reg_r m). lra. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    split; auto. intros H. apply Rle_trans with (r / m); auto.
    apply (Rmult_le_reg_r (m * (m + 1))). nra.
    replace ((r + 1 / 2) / (m + 1) * (m * (m + 1))) with ((r + 1 / 2) * m) by (field; lra).
    replace (r / m * (m * (m + 1))) with (r * (m + 1)) by (field; lra). nra.
  - assert (Q : (r + 1 / 2) / (m + 1) <= M).
    { apply (Rmult_le_reg_r (m + 1)). lra. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    split; auto. intros H. apply Rle_trans with ((r + 1 / 2) / (m + 1)); auto.
    apply (Rmult_le_reg_r (m * (m + 1))). nra.
    replace ((r + 1 / 2) / (m + 1) * (m * (m + 1))) with ((r + 1 / 2) * m) by (field; lra).
    replace (r / m * (m * (m + 1))) with (r * (m + 1)) by (field; lra). nra.
Qed.
