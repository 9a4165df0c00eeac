(* Dictionaries whose activations have the sign of their argument: with positive coefficients
   a neuron of any form is 0 only where one of its arguments is. *)
Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List Arith Lia.
From Expressivity Require Import limits jumps activations vectors gates networks.
From Expressivity Require Import gaussian.
Import ListNotations.
Open Scope R_scope.

(* Each activation has the sign of its argument, or is 0; for either sign of z one activation
   is 0 at no such z. *)
Definition has_sign (s : R -> R) : Prop := s 0 = 0 /\ forall z, 0 <= z * s z.
Definition sign_dictionary (D : list (R -> R)) : Prop :=
  Forall has_sign D /\
  (exists s, In s D /\ forall z, 0 < z -> s z <> 0) /\
  (exists s, In s D /\ forall z, z < 0 -> s z <> 0).

(* ---- mixtures with positive coefficients ---- *)
Lemma mix_at_0 c D : Forall has_sign D -> mix c (values D 0) = 0.
Proof.
  intros H. revert c. induction H as [|s D [Z _] _ IH]; intros c; simpl; auto.
  rewrite Z. unfold values in IH. rewrite IH. ring.
Qed.

Lemma mix_cons c s D z : z * mix c (values (s :: D) z) =
  c 0%nat * (z * s z) + z * mix (fun k => c (S k)) (values D z).
Proof. unfold values. simpl. ring. Qed.

Lemma mix_sign_weak c D z : (forall k, (k < length D)%nat -> 0 < c k) -> Forall has_sign D ->
  0 <= z * mix c (values D z).
Proof.
  intros P H. revert c P. induction H as [|s D [_ W] _ IH]; intros c P. simpl. lra.
  assert (P0 : 0 < c 0%nat) by (apply P; simpl; lia).
  assert (I : 0 <= z * mix (fun k => c (S k)) (values D z)).
  { apply IH. intros k Hk. apply P. simpl. lia. }
  rewrite mix_cons. specialize (W z). nra.
Qed.

Lemma mix_sign c D z : (forall k, (k < length D)%nat -> 0 < c k) -> sign_dictionary D ->
  z <> 0 -> 0 < z * mix c (values D z).
Proof.
  intros P [H [Hp Hn]] Z. assert (E : exists s, In s D /\ s z <> 0).
  { destruct (Rdichotomy z 0 Z); [destruct Hn as [s [I Ne]] | destruct Hp as [s [I Ne]]];
    exists s; auto. }
  destruct E as [s [I Ne]]. clear Hp Hn. revert c P. induction H as [|r D [_ W] H IH].
  destruct I. intros c P. rewrite mix_cons. specialize (W z).
  assert (P0 : 0 < c 0%nat) by (apply P; simpl; lia).
  assert (P' : forall k, (k < length D)%nat -> 0 < c (S k)).
  { intros k Hk. apply P. simpl. lia. }
  destruct I as [->|I].
  - pose proof (mix_sign_weak (fun k => c (S k)) D z P' H).
    assert (T : 0 < z * s z).
    { destruct W as [T|T]; auto. symmetry in T. apply Rmult_integral in T. tauto. }
    nra.
  - specialize (IH I _ P'). nra.
Qed.

(* ---- neurons ---- *)
(* The product of the arguments of a neuron. *)
Definition argument (F : neuron_form) (z y : R) : R :=
  match F with type1 => z | _ => z * y end.

Lemma neuron_is_0 F D c nu x : sign_dictionary D ->
  (forall side k, (k < size F (length D))%nat -> 0 < c (group nu) side k x) ->
  neuron_value F D c nu x = 0 <->
  argument F (affine_at (map_of nu 0) x) (affine_at (map_of nu 1) x) = 0.
Proof.
  intros HD P. unfold neuron_value. set (z := affine_at _ x). set (y := affine_at _ x).
  set (g := group nu) in *. destruct HD as [H0 HD'].
  assert (HD : sign_dictionary D) by (split; auto).
  assert (M : forall side c' w, c' = (fun k => c g side k x) ->
    (forall k, (k < length D)%nat -> (k < size F (length D))%nat) ->
    mix c' (values D w) = 0 <-> w = 0).
  { intros side c' w -> L. split; intros E.
    - destruct (Req_dec w 0) as [Z|Z]; auto.
      pose proof (mix_sign (fun k => c g side k x) D w (fun k Hk => P side k (L k Hk)) HD Z).
      rewrite E in *. lra.
    - rewrite E. now apply mix_at_0. }
  destruct F; cbn [combine_form argument size] in *.
  - apply (M 0%nat); auto.
  - split; intros E; apply Rmult_integral in E.
    + destruct E as [E|E]; [|rewrite E; ring]. apply (M 0%nat) in E; auto. rewrite E. ring.
    + destruct E as [E|E]; [|rewrite E; ring].
      rewrite (proj2 (M 0%nat _ z eq_refl (fun k Hk => Hk)) E). ring.
  - split; intros E; apply Rmult_integral in E.
    + destruct E as [E|E]; [apply (M 0%nat) in E | apply (M 1%nat) in E]; auto; rewrite E; ring.
    + destruct E as [E|E].
      * rewrite (proj2 (M 0%nat _ z eq_refl (fun k Hk => Hk)) E). ring.
      * rewrite (proj2 (M 1%nat _ y eq_refl (fun k Hk => Hk)) E). ring.
  - assert (LV : length (values D y) = length D) by apply map_length.
    assert (L : forall k l, (k < length D)%nat -> (l < length D)%nat ->
      (k * length D + l < length D * length D)%nat) by (intros; nia).
    split; intros E.
    + destruct (Req_dec (z * y) 0) as [Z|Z]; auto. exfalso.
      assert (Zz : z <> 0) by (intros Q; apply Z; rewrite Q; ring).
      assert (Zy : y <> 0) by (intros Q; apply Z; rewrite Q; ring).
      set (r := rows (fun k => c g 0%nat k x) (values D y)) in *.
      assert (Pr : forall k, (k < length D)%nat -> 0 < y * r k).
      { intros k Hk. unfold r, rows. rewrite LV. apply mix_sign; auto. }
      pose proof (mix_sign (fun k => y * r k) D z Pr HD Zz) as Q.
      rewrite mix_scal, E in Q. lra.
    + apply Rmult_integral in E. destruct E as [E|E].
      * rewrite E. now apply mix_at_0.
      * rewrite (mix_ext _ (fun _ => 0)), mix_0; auto. intros k Hk. unfold rows. rewrite E.
        now apply mix_at_0.
Qed.

(* ---- the seven ---- *)
Lemma seven_has_sign s : In s seven -> has_sign s.
Proof.
  intros H. split. now apply seven_at_0. intros z.
  destruct H as [<-|[<-|[<-|[<-|[<-|[<-|[<-|[]]]]]]]].
  - unfold ident. nra.
  - destruct (Rle_dec 0 z); [rewrite relu_pos | rewrite relu_neg]; nra.
  - rewrite relu2_eq. destruct (Rle_dec 0 z); [rewrite relu_pos | rewrite relu_neg]; nra.
  - rewrite leaky_relu_eq. unfold ident, eta.
    destruct (Rle_dec 0 z); [rewrite relu_pos | rewrite relu_neg]; nra.
  - unfold gelu. pose proof (Phi_not_negative z). nra.
  - unfold silu. pose proof (exp_pos (- z)).
    replace (z * (z / (1 + exp (- z)))) with (z * z * / (1 + exp (- z))) by (field; lra).
    apply Rmult_le_pos; [nra|]. apply Rlt_le, Rinv_0_lt_compat. lra.
  - destruct (Rtotal_order z 0) as [N|[->|P]]; [|rewrite tanh_0; lra|].
    + pose proof (tanh_increasing z 0 N). rewrite tanh_0 in *. nra.
    + pose proof (tanh_pos z P). nra.
Qed.

Lemma seven_sign_dictionary : sign_dictionary seven.
Proof.
  split; [|split].
  - apply Forall_forall. apply seven_has_sign.
  - exists ident. split; [now left|]. unfold ident. intros; lra.
  - exists ident. split; [now left|]. unfold ident. intros; lra.
Qed.
